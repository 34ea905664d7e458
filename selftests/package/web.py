# SPDX-License-Identifier: GPL-2.0
"""A web server on the loopback, for repositories that have a URL."""

import contextlib
import functools
import http.server
import threading
import urllib.parse


class Handler(http.server.SimpleHTTPRequestHandler):
    """Gives files, and says nothing of it."""

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def serving(folder):
    """Serve a folder of the host meanwhile; its URL.

    Systems in chroots share the host's network.
    """
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield urllib.parse.urlunsplit(
                ("http", f"127.0.0.1:{server.server_port}", "", "", ""))
        finally:
            server.shutdown()
            thread.join()
