# SPDX-License-Identifier: GPL-2.0
"""Reports of what tools/bench/bench has measured."""
