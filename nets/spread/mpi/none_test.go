//go:build !mpi || !cgo

package mpi

import (
	"strings"
	"testing"
	"time"
)

// TestNone: a build without MPI says how to build one with it.
func TestNone(t *testing.T) {
	_, none := Open(time.Minute)
	_, also := Library()
	for _, err := range []error{none, also} {
		if err == nil || !strings.Contains(err.Error(), "CC=mpicc go build -tags mpi") {
			t.Errorf("%v, want how to build hebb with MPI", err)
		}
	}
}
