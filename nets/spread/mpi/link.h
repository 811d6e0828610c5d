// Bytes to and from ranks by MPI. Constants of MPI stay in C: in Open MPI they are pointers that Go must not hold.
// All is called from the thread that called hebb_mpi_open.

// Of what went wrong: with which rank, or −1, and MPI's code; or where the code is 0, how many bytes came and were wanted.
struct hebb_fault {
	int rank, code, got, want;
};

// hebb_mpi_mixed reports whether this was compiled with the header of one MPI and linked with another, Open MPI or not.
int hebb_mpi_mixed(void);

// hebb_mpi_open begins, and returns 0 or MPI's code.
int hebb_mpi_open(int *rank, int *size);

// hebb_mpi_post begins to send n bytes to a rank, or to receive them from it. 0, or 1 and a fault.
int hebb_mpi_post(void *bytes, int n, int rank, int sends, struct hebb_fault *fault);

// hebb_mpi_poll helps along what was posted, for so many seconds or until all of it is done. It returns how many posts
// are not done, or −1 and a fault, and adds to *done how many were done meanwhile.
int hebb_mpi_poll(double seconds, int *done, struct hebb_fault *fault);

// hebb_mpi_waits returns a rank that a post waits for: one that is to send, before one that is to receive; −1 if none.
int hebb_mpi_waits(void);

// hebb_mpi_close ends MPI; all ranks call it.
int hebb_mpi_close(void);

// hebb_mpi_abort ends all ranks, if MPI has begun.
void hebb_mpi_abort(int code);

// hebb_mpi_error and hebb_mpi_library write text of at most HEBB_MPI_TEXT bytes, with the 0 at its end.
#define HEBB_MPI_TEXT 16384
void hebb_mpi_error(int code, char *text);
void hebb_mpi_library(char *text);
