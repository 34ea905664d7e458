/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FWD_HELP_H
#define FWD_HELP_H

void help_print(void);

#endif
