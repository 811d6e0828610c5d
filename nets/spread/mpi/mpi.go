// Package mpi is a world of processes that MPI connects ([spread.World]), started by mpirun, srun or what else starts
// processes of MPI. It is in builds with the tag mpi, by the C compiler of an MPI:
//
//	CC=mpicc go build -tags mpi ./cmd/hebb
//
// Without the tag, [Open] says so. A program for Open MPI needs Open MPI's mpirun, and one for MPICH that of MPICH.
package mpi

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// launchers have the variables by which they tell a process how many there are, and which of them it is: Open MPI's mpirun, that
// of MPICH and what speaks its protocol, and srun. An mpirun within a job of Slurm has its own numbers, so srun's come last.
var launchers = []struct{ size, rank string }{
	{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}, {"PMI_SIZE", "PMI_RANK"}, {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
}

// Launched returns the number of processes that a launcher (mpirun, srun) says it has started, and the variable of the
// environment that says it. It is 0 for a process that nobody has launched so. It needs no MPI.
func Launched() (size int, variable string, err error) {
	for _, l := range launchers {
		text, set := os.LookupEnv(l.size)
		if !set {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, l.size, fmt.Errorf("%s=%q, want a number of processes from 1", l.size, text)
		}
		return n, l.size, nil
	}
	return 0, "", nil
}

// Repeats reports whether a process before this one on the same host has the same command line, so that both find the same wrong
// with it. Open MPI's mpirun alone tells a process what all were started as. By other launchers, or where a script or several
// commands were started, it is false: an error of one command alone would be lost if it were not said.
func Repeats() bool {
	before, _ := strconv.Atoi(os.Getenv("OMPI_COMM_WORLD_LOCAL_RANK"))
	return before > 0 && os.Getenv("OMPI_NUM_APP_CTX") == "1" && os.Getenv("OMPI_COMMAND") == filepath.Base(os.Args[0]) &&
		os.Getenv("OMPI_ARGV") == strings.Join(os.Args[1:], " ")
}

// Rank returns the rank that this process will have by what its launcher says, or 0 where none says one. It needs no MPI.
func Rank() int {
	for _, l := range launchers {
		if _, set := os.LookupEnv(l.size); set {
			rank, _ := strconv.Atoi(os.Getenv(l.rank))
			return rank
		}
	}
	return 0
}
