# SPDX-License-Identifier: GPL-2.0
"""What several tests need, made by the first that asks."""

import concurrent.futures
import threading


class Once:
    """Values by key. Threads may ask; one makes the value, the others wait.

    If that fails, all who ask get the error. Making one value may ask for
    others, as long as they do not ask for each other.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._values = {}

    def get(self, key, make):
        """The value of 'key', which make() returns."""
        with self._lock:
            first = key not in self._values
            value = self._values.setdefault(key,
                                            concurrent.futures.Future())
        if first:
            try:
                value.set_result(make())
            except BaseException as error:
                value.set_exception(error)
                raise
        return value.result()
