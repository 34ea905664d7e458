# SPDX-License-Identifier: GPL-2.0
"""Virtual machines that run mytun's tests on real kernels."""
