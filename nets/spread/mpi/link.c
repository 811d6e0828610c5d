//go:build mpi && cgo

#include "link.h"

#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert(MPI_MAX_LIBRARY_VERSION_STRING <= HEBB_MPI_TEXT, "text is too short");
_Static_assert(MPI_MAX_ERROR_STRING <= HEBB_MPI_TEXT, "text is too short");

// What was posted: requests and what each is, and room for what MPI_Testsome says.
static MPI_Request *requests;
static struct {
	int rank, sends, n, open;
} *posts;
static int *indices;
static MPI_Status *statuses;
static int posted, room, open;
static double quiet; // since when nothing was done

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

// Go turns a fault into a panic by these signals. UCX, which MPI may begin, takes them: they are given back.
static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGILL};
enum { FAULTS = sizeof faults / sizeof *faults };

int hebb_mpi_mixed(void) {
#ifdef OPEN_MPI
	int compiled = 1;
#else
	int compiled = 0;
#endif
	char text[HEBB_MPI_TEXT];
	hebb_mpi_library(text);
	return compiled != !strncmp(text, "Open MPI", 8);
}

int hebb_mpi_open(int *rank, int *size) {
	struct sigaction was[FAULTS];
	for (int i = 0; i < FAULTS; i++) sigaction(faults[i], NULL, &was[i]);
	int have;
	int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &have);
	for (int i = 0; i < FAULTS; i++) sigaction(faults[i], &was[i], NULL);
	if (code == MPI_SUCCESS && have < MPI_THREAD_FUNNELED) code = MPI_ERR_OTHER;
	if (code == MPI_SUCCESS) code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
	if (code == MPI_SUCCESS) code = MPI_Comm_rank(MPI_COMM_WORLD, rank);
	if (code == MPI_SUCCESS) code = MPI_Comm_size(MPI_COMM_WORLD, size);
	return code;
}

// grow makes room for twice as many posts.
static int grow(void) {
	int n = room ? 2 * room : 64;
	void *r = realloc(requests, n * sizeof *requests);
	if (r) requests = r;
	void *p = realloc(posts, n * sizeof *posts);
	if (p) posts = p;
	void *i = realloc(indices, n * sizeof *indices);
	if (i) indices = i;
	void *s = realloc(statuses, n * sizeof *statuses);
	if (s) statuses = s;
	if (!r || !p || !i || !s) return MPI_ERR_NO_MEM;
	room = n;
	return MPI_SUCCESS;
}

int hebb_mpi_post(void *bytes, int n, int rank, int sends, struct hebb_fault *fault) {
	int code = posted < room ? MPI_SUCCESS : grow();
	if (code == MPI_SUCCESS && sends) code = MPI_Isend(bytes, n, MPI_BYTE, rank, 0, MPI_COMM_WORLD, &requests[posted]);
	else if (code == MPI_SUCCESS) code = MPI_Irecv(bytes, n, MPI_BYTE, rank, 0, MPI_COMM_WORLD, &requests[posted]);
	if (code != MPI_SUCCESS) {
		*fault = (struct hebb_fault){rank, code, 0, n};
		return 1;
	}
	posts[posted].rank = rank;
	posts[posted].sends = sends;
	posts[posted].n = n;
	posts[posted].open = 1;
	posted++;
	open++;
	quiet = now();
	return 0;
}

// ended takes note of a post that is done; it returns 1 and a fault if it did not go well.
static int ended(int index, MPI_Status *status, int code, struct hebb_fault *fault) {
	int got = posts[index].n;
	posts[index].open = 0;
	open--;
	if (code == MPI_SUCCESS && !posts[index].sends) code = MPI_Get_count(status, MPI_BYTE, &got);
	*fault = (struct hebb_fault){posts[index].rank, code, got, posts[index].n};
	return code != MPI_SUCCESS || got != posts[index].n;
}

// rest is what a rank does while nothing comes: it spins, then lets others have the core, then sleeps.
static void rest(double t) {
	if (t - quiet > 20e-3) {
		nanosleep(&(struct timespec){0, 50000}, NULL);
	} else if (t - quiet > 20e-6) {
		sched_yield();
	}
}

int hebb_mpi_poll(double seconds, int *done, struct hebb_fault *fault) {
	double start = now(), t = start;
	while (open > 0 && t - start < seconds) {
		int n;
		int code = MPI_Testsome(posted, requests, &n, indices, statuses);
		if (code != MPI_SUCCESS && code != MPI_ERR_IN_STATUS) {
			*fault = (struct hebb_fault){-1, code, 0, 0};
			return -1;
		}
		for (int i = 0; i < n; i++) {
			int of = code == MPI_ERR_IN_STATUS ? statuses[i].MPI_ERROR : MPI_SUCCESS;
			if (ended(indices[i], &statuses[i], of, fault)) return -1;
		}
		t = now();
		if (n > 0) {
			*done += n;
			quiet = t;
		} else {
			rest(t);
		}
	}
	if (open == 0) posted = 0;
	return open;
}

int hebb_mpi_waits(void) {
	for (int sends = 0; sends < 2; sends++)
		for (int i = 0; i < posted; i++)
			if (posts[i].open && posts[i].sends == sends) return posts[i].rank;
	return -1;
}

int hebb_mpi_close(void) { return MPI_Finalize(); }

void hebb_mpi_abort(int code) {
	int begun;
	MPI_Initialized(&begun);
	if (begun) MPI_Abort(MPI_COMM_WORLD, code);
}

void hebb_mpi_error(int code, char *text) {
	int n;
	text[0] = 0;
	MPI_Error_string(code, text, &n);
}

void hebb_mpi_library(char *text) {
	int n;
	text[0] = 0;
	MPI_Get_library_version(text, &n);
}
