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
	"strconv"
)

// sizes are the variables by which launchers tell a process how many there are: Open MPI's mpirun, that of MPICH and what
// speaks its protocol, and srun. An mpirun within a job of Slurm has its own number, so srun's comes last.
var sizes = []string{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}

// Launched returns the number of processes that a launcher (mpirun, srun) says it has started, and the variable of the
// environment that says it. It is 0 for a process that nobody has launched so. It needs no MPI.
func Launched() (size int, variable string, err error) {
	for _, variable := range sizes {
		text, set := os.LookupEnv(variable)
		if !set {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, variable, fmt.Errorf("%s=%q, want a number of processes from 1", variable, text)
		}
		return n, variable, nil
	}
	return 0, "", nil
}
