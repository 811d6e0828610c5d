//go:build openblas && cgo

#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

void cblas_sgemm(int order, int transA, int transB, int m, int n, int k, float alpha, const float *a,
                 int lda, const float *b, int ldb, float beta, float *c, int ldc);
enum { rowMajor = 101, noTrans = 111, trans = 112 };

// A run is a product that is being computed. It lives on its caller's stack.
typedef struct {
	const product *p;
	const float *a, *b;
	float *c;
	int64_t down, across, tiles;
	_Atomic int64_t next;     // the first tile that nobody has taken
	int seats;                // how many more workers may help
	_Atomic unsigned helping; // how many do
} run;

// mutex guards what follows; the atomic may be looked at without it.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t posted = PTHREAD_COND_INITIALIZER, left = PTHREAD_COND_INITIALIZER;
static run *current;          // that workers may join
static _Atomic unsigned runs; // that there have been: two may lie at the same address
static int workers, asleep;

static int64_t least(int64_t x, int64_t y) { return x < y ? x : y; }

static void tile(const run *r, int64_t at) {
	const product *p = r->p;
	int64_t z = at / (r->across * r->down);
	int64_t i = at / r->across % r->down * p->rows, j = at % r->across * p->cols;
	const float *a = r->a + z * p->stepA + (p->transA ? i : i * p->lda);
	const float *b = r->b + z * p->stepB + (p->transB ? j * p->ldb : j);
	cblas_sgemm(rowMajor, p->transA ? trans : noTrans, p->transB ? trans : noTrans,
	            least(p->rows, p->m - i), least(p->cols, p->n - j), p->k, p->alpha, a, p->lda, b, p->ldb,
	            p->beta, r->c + z * p->stepC + i * p->ldc + j, p->ldc);
}

static void work(run *r) {
	for (int64_t at; (at = atomic_fetch_add(&r->next, 1)) < r->tiles;)
		tile(r, at);
}

// Who waits looks for so many ns before he sleeps. A thread is woken in about the time that workers
// look for: if they looked for much longer they would take the cores from what the program does after
// a product. A caller has nothing else to do, and one who sleeps comes back so late that the workers
// sleep when he has the next product, and so come late in their turn.
enum { workersLook = 40 * 1000, callerLooks = 500 * 1000 };

static int64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

// look waits until x is v, or is not, for at most so many ns.
static void look(_Atomic unsigned *x, unsigned v, bool is, int64_t most) {
	for (int64_t end = now() + most; (atomic_load(x) == v) != is && now() < end;)
		for (int i = 0; i < 8; i++)
			relax();
}

// await is called with the mutex and returns with it when there is a run after the first seen.
static unsigned await(unsigned seen) {
	if (runs == seen) {
		pthread_mutex_unlock(&mutex);
		look(&runs, seen, false, workersLook);
		pthread_mutex_lock(&mutex);
	}
	while (runs == seen) {
		asleep++;
		pthread_cond_wait(&posted, &mutex);
		asleep--;
	}
	return runs;
}

static void *worker(void *unused) {
	pthread_mutex_lock(&mutex);
	for (unsigned seen = 0;;) {
		seen = await(seen);
		run *r = current;
		if (r == NULL || r->seats == 0)
			continue;
		r->seats--;
		r->helping++;
		pthread_mutex_unlock(&mutex);
		work(r);
		pthread_mutex_lock(&mutex);
		if (--r->helping == 0) // and from here on r is no more
			pthread_cond_broadcast(&left);
	}
	return NULL;
}

// start brings the workers up to n, or as many as the system grants. Signals are not for them: Go
// has threads that know what to do.
static void start(int n) {
#ifndef _WIN32
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
#endif
	for (pthread_t t; workers < n && pthread_create(&t, NULL, worker, NULL) == 0; workers++)
		pthread_detach(t);
#ifndef _WIN32
	pthread_sigmask(SIG_SETMASK, &old, NULL);
#endif
}

// post lets workers join r, unless they have another run: then r is the caller's alone.
static bool post(run *r) {
	pthread_mutex_lock(&mutex);
	bool vacant = current == NULL;
	if (vacant) {
		start(r->seats);
		current = r;
		runs++;
		if (asleep > 0)
			pthread_cond_broadcast(&posted);
	}
	pthread_mutex_unlock(&mutex);
	return vacant;
}

// finish lets no more workers join r and waits for those that have.
static void finish(run *r) {
	pthread_mutex_lock(&mutex);
	current = NULL;
	pthread_mutex_unlock(&mutex);
	look(&r->helping, 0, true, callerLooks);
	pthread_mutex_lock(&mutex);
	while (r->helping > 0)
		pthread_cond_wait(&left, &mutex);
	pthread_mutex_unlock(&mutex);
}

void multiply(const product *p, const float *a, const float *b, float *c, int cores) {
	run r = {.p = p, .a = a, .b = b, .c = c};
	r.down = (p->m + p->rows - 1) / p->rows;
	r.across = (p->n + p->cols - 1) / p->cols;
	r.tiles = p->batch * r.down * r.across;
	r.seats = least(cores, r.tiles) - 1;
	bool shared = r.seats > 0 && post(&r);
	work(&r);
	if (shared)
		finish(&r);
}
