# SPDX-License-Identifier: GPL-2.0
"""The search of a kernel's log for what must never be there."""

import re

PATTERNS = re.compile("|".join((
    r"\bWARNING: ",
    r"\bBUG: ",
    r"\bkernel BUG at ",
    r"\bOops\b",
    r"Kernel panic",
    r"general protection fault",
    r"unable to handle (kernel|page fault)",
    r"\bdouble fault\b",
    r"stack[- ]protector",
    r"\bKASAN:|\bKMSAN:|\bKCSAN:|\bKFENCE:|\bUBSAN:",
    r"kmemleak: [1-9][0-9]* new suspected",
    r"ODEBUG: ",
    r"\bDEBUG_LOCKS_WARN_ON",
    r"possible (circular|recursive) locking",
    r"possible irq lock inversion|inconsistent lock state",
    r"suspicious RCU usage|[Ii]llegal context switch in RCU",
    r"held lock freed|lock held when returning|bad unlock balance",
    r"detected stalls on CPUs|self-detected stall|rcu_preempt kthread starved",
    r"soft lockup|hard LOCKUP|blocked for more than \d+ seconds",
    r"scheduling while atomic|sleeping function called from invalid context",
    r"unregister_netdevice: waiting for",
    r"refcount_t: |ref_tracker: .*leaked|leaked reference",
    r"list_(add|del) corruption|Bad page (state|map)|bad: scheduling from",
    r"Objects remaining in |SLUB .* has been|kmem_cache_destroy ",
    r"percpu ref .* <= 0|Slab corruption|Poison overwritten|Redzone",
)))

# Bits of /proc/sys/kernel/tainted that only trouble sets: a bad page, a
# dying process (Oops), a warning, a lockup.
TAINT = (1 << 5) | (1 << 7) | (1 << 9) | (1 << 14)


def find(lines):
    """The lines of a kernel's log that tell of trouble."""
    return [line for line in lines if PATTERNS.search(line)]


def is_emulators(console):
    """Whether a machine ended by a breakpoint in the kernel's own code.

    The kernel has one there while it changes an instruction. An emulated
    processor that translates it just when it is taken away again keeps it,
    and the kernel, which is done, does not know it any more. Or it returns
    to it for ever: then the NMI finds it on its way there, where no breakpoint
    is any more; or it finds the other processor, which hangs with whatever that
    one holds, at the next change.
    """
    if re.search(r"\bint3: 0000\b", console):
        return True
    panic = console.rpartition("NMI: Not continuing")
    if not panic[1]:
        return False
    came_from = re.search(r"\basm_exc_int3\+0x.*?\bRIP: .*?<([0-9a-f]{2})>",
                          panic[2], re.DOTALL)
    return bool(came_from and came_from[1] != "cc") or bool(re.search(
        r"\b(ftrace_run_update_code|text_poke_\w+|arch_jump_label_\w+)\+0x",
        panic[2]))


def around(lines, before=2, after=40):
    """The first trouble of a log with the lines about it."""
    for number, line in enumerate(lines):
        if PATTERNS.search(line):
            return lines[max(0, number - before):number + after]
    return []
