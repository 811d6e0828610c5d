//go:build !mpi || !cgo

package mpi

import (
	"errors"
	"os"
	"time"

	"hebb/nets/spread"
)

var errNone = errors.New("this build of hebb has no MPI; with one, CC=mpicc go build -tags mpi ./cmd/hebb")

// Open returns the world of the processes that were launched with this one. This build has no MPI, and returns an error
// that says how to build one that has.
func Open(patience time.Duration) (spread.World, error) { return nil, errNone }

// Library returns the name and version of the MPI of this build. It has none: an error that says how to build with one.
func Library() (string, error) { return "", errNone }

// Exit ends this process, and with a code other than 0 all processes of its world. This build has no others.
func Exit(code int) { os.Exit(code) }
