//go:build !mpi

package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/nets/spread"
	"hebb/nets/train"
)

// TestLaunchedWithoutMPI: what several processes would each do for themselves is refused, before there is a folder.
func TestLaunchedWithoutMPI(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	for _, c := range []struct{ variable, size, args, want string }{
		{"OMPI_COMM_WORLD_SIZE", "2", "train --out " + dir, "OMPI_COMM_WORLD_SIZE says that 2 processes were started, to make one run together: this build of hebb has no MPI; with one, CC=mpicc go build"},
		{"PMI_SIZE", "3", "train --resume " + dir, "PMI_SIZE says that 3 processes were started"},
		{"SLURM_STEP_NUM_TASKS", "two", "train --out " + dir, `SLURM_STEP_NUM_TASKS="two", want a number of processes from 1`},
		{"OMPI_COMM_WORLD_SIZE", "2", "train --out " + dir + " --rank-timeout 0s", "--rank-timeout 0s, want at least 1ms"},
		{"SLURM_STEP_NUM_TASKS", "4", "eval " + dir, "hebb eval is for one process, and by SLURM_STEP_NUM_TASKS there are 4"},
		{"PMI_SIZE", "2", "sweep", "hebb sweep is for one process"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Setenv(c.variable, c.size)
			status, out, stderr := hebb(t, strings.Fields(c.args)...)
			if status != 2 || out != "" || !strings.HasPrefix(stderr, "hebb: "+c.want) {
				t.Errorf("status %d, stdout %q, stderr %q, want 2 and %q", status, out, stderr, c.want)
			}
		})
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("there is a folder")
	}
	t.Setenv("OMPI_COMM_WORLD_SIZE", "2")
	if !strings.HasPrefix(ok(t, "version"), "hebb") {
		t.Error("no version")
	}
}

// TestLeave: rank 0 alone prints an error that all processes agreed on; a process prints its own error with its rank and host.
func TestLeave(t *testing.T) {
	stop := &train.Stopped{Rank: 1, Host: "b", Text: "terminated", Status: 143}
	for _, c := range []struct {
		err    error
		agreed bool
		status int
		says   [2]string
	}{
		{nil, true, 0, [2]string{}},
		{stop, true, 143, [2]string{"hebb: terminated, to rank 1 on b\n"}},
		{errors.New("no space"), false, 1, [2]string{"rank 0 on fake0: no space", "rank 1 on fake1: no space"}},
	} {
		worlds := spread.Fakes(2)
		ends := make(chan error, 2)
		var said [2]strings.Builder
		for r, w := range worlds {
			go func() {
				err := c.err
				if c.agreed {
					err = spread.Agree(w, err)
				}
				if err = leave(w, &said[r], err); err != nil && !errors.As(err, &silent{}) {
					said[r].WriteString(err.Error())
				}
				ends <- err
			}()
		}
		for range worlds {
			if got := exitStatus(t.Context(), <-ends); got != c.status {
				t.Errorf("%v: status %d, want %d", c.err, got, c.status)
			}
		}
		for r := range said {
			if got := said[r].String(); got != c.says[r] {
				t.Errorf("%v: rank %d says %q, want %q", c.err, r, got, c.says[r])
			}
		}
	}
	if got := fmt.Sprint(ranks(spread.Fakes(3)[0])); got != "3: 1 on fake0, 1 on fake1, 1 on fake2" {
		t.Error(got)
	}
}
