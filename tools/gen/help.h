/* SPDX-License-Identifier: GPL-2.0 */
#ifndef GEN_HELP_H
#define GEN_HELP_H

void help_print(void);

#endif
