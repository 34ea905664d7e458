// SPDX-License-Identifier: GPL-2.0
#include "session.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

#define OVERHEAD	(sizeof(struct wire_sealed) + WIRE_TAG)

/* Both take their arguments alike. */
static const struct {
	__typeof__(crypto_aead_chacha20poly1305_ietf_encrypt_detached) *seal;
	__typeof__(crypto_aead_chacha20poly1305_ietf_decrypt_detached) *open;
} aeads[] = {
	[CIPHER_XCHACHA20] = {
		.seal = crypto_aead_xchacha20poly1305_ietf_encrypt_detached,
		.open = crypto_aead_xchacha20poly1305_ietf_decrypt_detached,
	},
	[CIPHER_CHACHA20] = {
		.seal = crypto_aead_chacha20poly1305_ietf_encrypt_detached,
		.open = crypto_aead_chacha20poly1305_ietf_decrypt_detached,
	},
};

static const uint8_t nobody[WIRE_NONCE];

/* A key for one purpose, from the secret. */
static void derive(uint8_t *key, const uint8_t *secret, const char *purpose,
		   const uint8_t *more, size_t size)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, secret, SESSION_KEY, SESSION_KEY);
	crypto_generichash_update(&state, (const uint8_t *)purpose,
				  strlen(purpose) + 1);
	crypto_generichash_update(&state, more, size);
	crypto_generichash_final(&state, key, SESSION_KEY);
	sodium_memzero(&state, sizeof(state));
}

int session_init(struct session *session, enum session_cipher cipher,
		 const uint8_t *secret)
{
	unsigned int i;

	if (sodium_init() < 0)
		return -1;
	memset(session, 0, sizeof(*session));
	pthread_mutex_init(&session->lock, NULL);
	session->cipher = cipher;
	derive(session->mac_key, secret, "mytun-fwd hello", NULL, 0);
	derive(session->data_key, secret, "mytun-fwd data", NULL, 0);
	randombytes_buf(session->own, sizeof(session->own));
	for (i = 0; i < SESSION_QUEUES; i++) {
		window_init(&session->window[0][i]);
		window_init(&session->window[1][i]);
	}
	/* Where it may not be locked it works all the same. */
	sodium_mlock(session, sizeof(*session));
	return 0;
}

void session_end(struct session *session)
{
	/* It wipes the memory as well. */
	sodium_munlock(session, sizeof(*session));
}

static void mac(const struct session *session, const struct wire_hello *hello,
		uint8_t *result)
{
	crypto_generichash(result, WIRE_MAC, (const uint8_t *)hello,
			   offsetof(struct wire_hello, mac), session->mac_key,
			   SESSION_KEY);
}

static void make_hello(const struct session *session, const uint8_t *own,
		       const uint8_t *other, struct wire_hello *hello)
{
	memset(hello, 0, sizeof(*hello));
	hello->kind = WIRE_HELLO;
	hello->cipher = (uint8_t)session->cipher;
	memcpy(hello->own, own, WIRE_NONCE);
	memcpy(hello->other, other, WIRE_NONCE);
	mac(session, hello, hello->mac);
}

void session_greet(struct session *session, struct wire_hello *hello)
{
	pthread_mutex_lock(&session->lock);
	make_hello(session, session->own, nobody, hello);
	pthread_mutex_unlock(&session->lock);
}

/* The key of one direction. */
static void direction(const struct session *session, struct session_key *key,
		      const uint8_t *sender, const uint8_t *receiver)
{
	uint8_t both[2 * WIRE_NONCE], id[SESSION_KEY];

	memcpy(both, sender, WIRE_NONCE);
	memcpy(both + WIRE_NONCE, receiver, WIRE_NONCE);
	derive(key->key, session->data_key, "key", both, sizeof(both));
	derive(id, session->data_key, "id", both, sizeof(both));
	memcpy(&key->id, id, sizeof(key->id));
	memcpy(key->nonce, sender, WIRE_NONCE);
}

/* The caller has the lock. */
static void publish(struct session *session)
{
	session->keys.version++;
	atomic_store_explicit(&session->version, session->keys.version,
			      memory_order_release);
}

/* With the bytes of a greeting's sender. The caller has the lock. */
static void begin(struct session *session, const uint8_t *peer)
{
	struct session_keys *keys = &session->keys;
	struct window *window;
	unsigned int i;

	keys->cipher = session->cipher;
	/* What was never confirmed was never sent in. */
	if (keys->confirmed || keys->generation == 1)
		keys->old_send = keys->send;
	keys->old_receive = keys->receive;
	keys->confirmed = false;
	direction(session, &keys->send, session->own, peer);
	direction(session, &keys->receive, peer, session->own);
	keys->generation++;
	/* What is still being opened with keys of two before finds none. */
	window = session->window[keys->generation % 2];
	for (i = 0; i < SESSION_QUEUES; i++)
		window_reset(&window[i], keys->generation);
	randombytes_buf(session->own, sizeof(session->own));
	publish(session);
}

/* The caller has the lock. Return: whether that is new. */
static bool confirm(struct session *session)
{
	if (session->keys.confirmed)
		return false;
	session->keys.confirmed = true;
	publish(session);
	return true;
}

static bool equal(const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, WIRE_NONCE);
}

/*
 * The caller has the lock. Return: whether to answer. Nothing changes unless
 * the sender has proven that it is there now.
 */
static bool meet(struct session *session, const struct wire_hello *hello,
		 struct wire_hello *reply)
{
	const struct session_keys *keys = &session->keys;
	/* The sender of each direction has its bytes in front of the nonces. */
	const uint8_t *own = keys->send.nonce, *peer = keys->receive.nonce;

	if (keys->generation && equal(hello->own, peer)) {
		/* It is in this session, or does not know that yet. */
		make_hello(session, own, peer, reply);
		if (equal(hello->other, own))
			return confirm(session);
	} else if (equal(hello->other, session->own)) {
		begin(session, hello->own);
		make_hello(session, own, peer, reply);
	} else {
		make_hello(session, session->own, hello->own, reply);
	}
	return true;
}

enum session_result session_greeted(struct session *session,
				    const uint8_t *data, size_t len,
				    struct wire_hello *reply, bool *answer)
{
	enum session_result result = SESSION_OK;
	struct wire_hello hello;
	uint8_t right[WIRE_MAC];

	*answer = false;
	if (len != sizeof(hello))
		return SESSION_SHORT;
	memcpy(&hello, data, sizeof(hello));
	mac(session, &hello, right);
	if (sodium_memcmp(right, hello.mac, WIRE_MAC) ||
	    hello.cipher != session->cipher)
		return SESSION_FORGED;
	pthread_mutex_lock(&session->lock);
	/* Our own, sent back; or made with no bytes at all. */
	if (equal(hello.own, session->own) || equal(hello.own, nobody) ||
	    equal(hello.own, session->keys.send.nonce))
		result = SESSION_REPLAYED;
	else
		*answer = meet(session, &hello, reply);
	pthread_mutex_unlock(&session->lock);
	return result;
}

void session_copy(struct session *session, struct session_keys *keys)
{
	pthread_mutex_lock(&session->lock);
	*keys = session->keys;
	pthread_mutex_unlock(&session->lock);
}

/*
 * The counter comes at the end of both: 4 bytes of 0 and 8 of it for ChaCha20,
 * as RFC 8439 has it, or 16 of the sender's own and 8 of it for XChaCha20.
 */
static void make_nonce(const struct session_key *key,
		       enum session_cipher cipher,
		       const struct wire_sealed *header, uint8_t *nonce)
{
	if (cipher == CIPHER_CHACHA20) {
		memset(nonce, 0, 4);
		memcpy(nonce + 4, &header->counter, sizeof(header->counter));
	} else {
		memcpy(nonce, key->nonce, WIRE_NONCE);
		memcpy(nonce + WIRE_NONCE, &header->counter,
		       sizeof(header->counter));
	}
}

enum session_result session_seal(const struct session_keys *keys,
				 uint8_t queue, uint64_t *counter,
				 uint8_t *packet, size_t len)
{
	/* The first session has none before it. */
	const struct session_key *key = keys->confirmed ||
		keys->generation == 1 ? &keys->send : &keys->old_send;
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	struct wire_sealed header = {
		.kind = WIRE_SEALED,
		.queue = queue,
		.session = key->id,
	};

	if (!keys->generation)
		return SESSION_UNKNOWN;
	if (*counter == WIRE_COUNTER_END)
		return SESSION_EXHAUSTED;
	header.counter = htole64((uint64_t)queue << WIRE_QUEUE_SHIFT |
				 (*counter)++);
	make_nonce(key, keys->cipher, &header, nonce);
	memcpy(packet - sizeof(header), &header, sizeof(header));
	aeads[keys->cipher].seal(packet, packet + len, NULL, packet, len,
				 (const uint8_t *)&header, sizeof(header),
				 NULL, nonce, key->key);
	return SESSION_OK;
}

/* A datagram of that generation was authentic. */
static void confirmed_by(struct session *session, uint32_t generation)
{
	pthread_mutex_lock(&session->lock);
	if (session->keys.generation == generation)
		confirm(session);
	pthread_mutex_unlock(&session->lock);
}

enum session_result session_open(struct session *session,
				 const struct session_keys *keys,
				 const uint8_t *datagram, size_t len,
				 uint8_t *packet)
{
	uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
	struct wire_sealed header;
	const uint8_t *data = datagram + sizeof(header);
	uint32_t generation = keys->generation;
	const struct session_key *key = &keys->receive;
	uint64_t counter;

	if (len <= OVERHEAD)
		return SESSION_SHORT;
	len -= OVERHEAD;
	memcpy(&header, datagram, sizeof(header));
	if (!generation)
		return SESSION_UNKNOWN;
	if (header.session != key->id) {
		/* Our own, sent back. */
		if (header.session == keys->send.id ||
		    (generation > 1 && header.session == keys->old_send.id))
			return SESSION_REPLAYED;
		key = &keys->old_receive;
		if (!--generation || header.session != key->id)
			return SESSION_UNKNOWN;
	}
	make_nonce(key, keys->cipher, &header, nonce);
	if (aeads[keys->cipher].open(packet, NULL, data, len, data + len,
				     (const uint8_t *)&header, sizeof(header),
				     nonce, key->key))
		return SESSION_FORGED;
	/* Only what is authentic may move the window. */
	counter = le64toh(header.counter);
	if (!window_accept(&session->window[generation % 2]
					   [counter >> WIRE_QUEUE_SHIFT],
			   generation, counter & (WIRE_COUNTER_END - 1)))
		return SESSION_REPLAYED;
	if (!keys->confirmed && key == &keys->receive)
		confirmed_by(session, generation);
	return SESSION_OK;
}
