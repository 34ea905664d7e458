/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Both ends have one secret key, and agree on keys for each direction from it.
 *
 * For each session an end draws 16 random bytes. A greeting (hello) tells them,
 * and those that the other end has told, with a MAC. Who finds its own bytes in
 * a greeting knows that the other end is alive and sent it after it had heard
 * them: then the session begins, with
 *
 *	key of a direction = hash(secret, sender's bytes, receiver's bytes)
 *
 *	A			B
 *	hello(a, 0)	->
 *			<-	hello(b, a)
 *	session(a, b)
 *	hello(a, b)	->
 *				session(a, b)
 *			<-	hello(b, a)
 *	confirmed
 *	hello(a, b)	->
 *				confirmed
 *
 * and both draw anew, for the next one. Until it is confirmed, by a greeting or
 * a datagram, an end that had a session before sends in that one, and until the
 * next begins it still receives in it: nothing is lost in between. So each
 * session has keys of its own, each direction and each queue counters of its
 * own, and no nonce comes twice.
 * What was sent before is of no use to who sends it again: a greeting lacks the
 * bytes that were drawn last, a datagram is of another session, or was seen in
 * this one. There is no forward secrecy: who learns the secret can read what was
 * recorded.
 */
#ifndef FWD_SESSION_H
#define FWD_SESSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window.h"
#include "wire.h"

#define SESSION_KEY	32
#define SESSION_QUEUES	256

enum session_cipher {
	CIPHER_XCHACHA20,	/* XChaCha20-Poly1305 */
	CIPHER_CHACHA20,	/* ChaCha20-Poly1305, RFC 8439 */
};

/* One direction. */
struct session_key {
	uint8_t key[SESSION_KEY];
	uint8_t nonce[WIRE_NONCE];	/* its first bytes: the sender's own */
	uint32_t id;
};

/* What a thread works with; it takes a new copy when the version changes. */
struct session_keys {
	uint32_t version;		/* of this structure */
	uint32_t generation;		/* of the session; 0: there is none */
	bool confirmed;			/* the other end is in it, too */
	enum session_cipher cipher;
	struct session_key send, receive;
	struct session_key old_send, old_receive;
};

struct session {
	pthread_mutex_t lock;		/* of what is below, but the windows */
	enum session_cipher cipher;
	uint8_t mac_key[SESSION_KEY], data_key[SESSION_KEY];
	uint8_t own[WIRE_NONCE];	/* drawn for the next session */
	struct session_keys keys;
	atomic_uint version;	/* as in keys, to be looked at often */
	/* Of this session and of the one before, by generation modulo 2. */
	struct window window[2][SESSION_QUEUES];
};

enum session_result {
	SESSION_OK,
	SESSION_SHORT,		/* not even a header and a tag */
	SESSION_UNKNOWN,	/* of no session, or of another one */
	SESSION_FORGED,		/* MAC or tag is wrong: another key, or tampered */
	SESSION_REPLAYED,	/* was there before, or is too old to know */
	SESSION_EXHAUSTED,	/* no counter is left */
};

/* @secret: SESSION_KEY bytes. Return: 0, or -1: no random numbers. */
int session_init(struct session *session, enum session_cipher cipher,
		 const uint8_t *secret);
void session_end(struct session *session);

static inline bool session_established(struct session *session)
{
	return atomic_load(&session->version);
}

/* A greeting to whoever is there. */
void session_greet(struct session *session, struct wire_hello *hello);

/* A greeting came. @answer: @reply is to be sent back. */
enum session_result session_greeted(struct session *session,
				    const uint8_t *data, size_t len,
				    struct wire_hello *reply, bool *answer);

void session_copy(struct session *session, struct session_keys *keys);

/* Bring a thread's copy up to date. */
static inline void session_refresh(struct session *session,
				   struct session_keys *keys)
{
	if (atomic_load_explicit(&session->version, memory_order_acquire) !=
	    keys->version)
		session_copy(session, keys);
}

/*
 * Encrypt in place @len bytes at @packet, with the header in the 16 bytes
 * before them and the tag in those behind. @counter is the queue's own.
 */
enum session_result session_seal(const struct session_keys *keys,
				 uint8_t queue, uint64_t *counter,
				 uint8_t *packet, size_t len);

/*
 * Decrypt a datagram to @packet, which may be in the same place or behind its
 * header; len - 32 bytes. On failure nothing of value is there.
 */
enum session_result session_open(struct session *session,
				 const struct session_keys *keys,
				 const uint8_t *datagram, size_t len,
				 uint8_t *packet);

#endif
