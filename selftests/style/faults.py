# SPDX-License-Identifier: GPL-2.0
"""Trees with faults, one for each way to break a rule.

A check that cannot fail proves nothing: every rule must find the fault that
was made for it, and must find nothing in the sound tree that it started from.
"""

import pathlib
import tempfile

import rules

PROBE = """// SPDX-License-Identifier: GPL-2.0
/* 6.4, 0123456789ab: x() has two arguments. Delete when 6.1 goes. */
#include <linux/types.h>
"""

SOUND = {
    "dkms.conf": '# SPDX-License-Identifier: GPL-2.0\n'
                 'PACKAGE_VERSION="1.2.3"\n',
    "debian/changelog": "mytun (1.2.3-4) unstable; urgency=medium\n",
    "src/main.c": "// SPDX-License-Identifier: GPL-2.0\n",
    "compat/probes/x.c": PROBE,
    "compat/probes/sane_yes.c": PROBE,
    "compat/probes/sane_no.c": PROBE,
    "selftests/Makefile": "# SPDX-License-Identifier: GPL-2.0\n"
                          "topics:\n\t@echo data data 10\n",
    "selftests/data.c": "// SPDX-License-Identifier: GPL-2.0\n"
                        "TEST_HARNESS_MAIN\n",
}

SPDX = SOUND["src/main.c"]

PARAMETER = """static unsigned int flows = 1;
module_param(flows, uint, 0644);
MODULE_PARM_DESC(flows, "How many (default 1)");
"""

EXAMPLE = """# Default: flows=2
#options mytun flows=3
"""

# Check, and what is put into the sound tree; None takes a file away.
FAULTS = (
    ("kernel_versions",
     {"src/main.c": SPDX + "#if LINUX_" "VERSION_CODE > 1\n#endif\n"}),
    ("kernel_versions",
     {"src/main.c": SPDX + "#include <linux/" "version.h>\n"}),
    ("kernel_versions",
     {"src/main.c": SPDX + "#ifdef MYTUN_HAVE_X\n#endif\n"}),
    ("file_length", {"src/main.c": SPDX + "\n" * rules.LINES}),
    ("leftovers", {"src/main.c": SPDX + "/* TO" "DO: later */\n"}),
    ("addresses", {"README.md": "Get it from http:" "//example.net/x.\n"}),
    ("addresses", {"README.md": "The mirror is deb." "debian.org.\n"}),
    ("machine_paths", {"README.md": "See /ho" "me/me/mytun.\n"}),
    ("licence", {"src/main.c": "int x;\n"}),
    ("licence", {"tools/x": "#!/bin/sh\n"}),
    ("versions", {"dkms.conf": None}),
    ("versions",
     {"debian/changelog": "mytun (1.2.4-1) unstable; urgency=medium\n"}),
    ("versions", {"src/main.c": SPDX + 'MODULE_VERSION("1.2.3");\n'}),
    ("probes", {"compat/probes/x.c": SPDX + "#include <linux/types.h>\n"}),
    ("probes", {"compat/probes/sane_no.c": None}),
    ("probes", {f"compat/probes/p{number}.c": PROBE
                for number in range(rules.PROBES)}),
    ("probes", {"compat/probes/x.c":
                PROBE.replace("Delete when", "Keep until")}),
    ("parameters", {"src/param.c": SPDX + PARAMETER}),
    ("parameters", {"src/param.c": SPDX + PARAMETER,
                    "tools/system/modprobe.d/mytun.conf": EXAMPLE}),
    ("parameters", {"src/param.c": SPDX + PARAMETER,
                    "tools/system/modprobe.d/mytun.conf":
                    EXAMPLE.replace("=2", "=1").replace("=3", "=1")}),
    ("parameters", {"src/param.c": SPDX + PARAMETER.replace("= 1", "= 2"),
                    "tools/system/modprobe.d/mytun.conf":
                    EXAMPLE.replace("=2", "=1")}),
    ("tests", {"selftests/data.c": None}),
    ("tests", {"selftests/more.c": SOUND["selftests/data.c"]}),
    ("plain_text", {"src/main.c": SPDX + "int x; \n"}),
    ("plain_text", {"src/main.c": SPDX + "/* \u00e9 */\n"}),
    ("plain_text", {"src/main.c": SPDX + "int x;"}),
)


def build(top, changes):
    """Write the sound tree with some changes; return it as a Tree."""
    for name, text in {**SOUND, **changes}.items():
        if text is not None:
            path = pathlib.Path(top, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return rules.Tree(top)


def undetected():
    """Yield a line for each fault that its rule does not find."""
    with tempfile.TemporaryDirectory() as top:
        tree = build(top, {})
        for name, check in rules.CHECKS.items():
            for line in check(tree):
                yield f"{name} finds a fault in the sound tree: {line}"
    for name, changes in FAULTS:
        with tempfile.TemporaryDirectory() as top:
            if not list(rules.CHECKS[name](build(top, changes))):
                yield f"{name} does not find the fault in {sorted(changes)[0]}"
    for name in set(rules.CHECKS) - {name for name, _ in FAULTS}:
        yield f"{name}: no fault was made for it"
