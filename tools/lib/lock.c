// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * A lock that nobody waits for. Who finds it taken leaves a note, and the
 * holder does that one's work as well before it goes. So the work is:
 *
 *	if (!mytun_lock_enter(lock))
 *		return;
 *	do {
 *		mytun_lock_begin(lock);
 *		everything that there is to do
 *	} while (!mytun_lock_leave(lock));
 *
 * Every step is a read-modify-write: what a thread did before it left its note
 * is visible to the holder after mytun_lock_begin().
 */
#include "private.h"

enum { FREE, HELD, AGAIN };

/* Returns whether the lock is the caller's. */
bool mytun_lock_enter(__u32 *lock)
{
	return atomic_exchange((atomic_uint *)lock, AGAIN) == FREE;
}

void mytun_lock_begin(__u32 *lock)
{
	atomic_exchange((atomic_uint *)lock, HELD);
}

/* Returns whether it is free; otherwise there is a note. */
bool mytun_lock_leave(__u32 *lock)
{
	__u32 held = HELD;

	return atomic_compare_exchange_strong((atomic_uint *)lock, &held,
					      FREE);
}
