/* SPDX-License-Identifier: GPL-2.0 */
/* Standard output, which may be closed, full, or a pipe that nobody reads. */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

/*
 * Before any file is opened: descriptors 0 to 2 exist from now on. If one of
 * them were closed, the next file would get its number; where that is a device,
 * what is printed would be written to it as a packet.
 */
void output_begin(void);

/*
 * Return: 0; -1: not all that was printed could be written, and standard error
 * says so. What is printed later is judged anew.
 */
int output_check(void);

#endif
