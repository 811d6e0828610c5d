//go:build !mpi

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"hebb/internal/must"
	"hebb/nets/spread"
)

// TestRankTimeout: a time that cannot be is refused, also of one process, which waits for no other.
func TestRankTimeout(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	for _, command := range []string{"train --out " + dir, "hsic a.npy b.npy"} {
		status, out, stderr := hebb(t, append(strings.Fields(command), "--rank-timeout", "-5s")...)
		if want := "hebb: --rank-timeout -5s, want at least 1ms\n"; status != 2 || out != "" || stderr != want {
			t.Errorf("%s: status %d, stdout %q, stderr %q, want 2 and %q", command, status, out, stderr, want)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("there is a folder")
	}
}

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

// TestOneSpeaks: rank 0 alone prints what was asked for, unless each has a file for it; what is wrong with the command line is said
// by the first process of a host if the launcher tells that all have the same, else by each.
func TestOneSpeaks(t *testing.T) {
	t.Setenv("OMPI_COMMAND", filepath.Base(os.Args[0]))
	t.Setenv("OMPI_ARGV", strings.Join(os.Args[1:], " "))
	synctest.Test(t, func(t *testing.T) { // where waiting takes no time
		for _, c := range []struct {
			size, rank, commands string
			each                 bool
		}{
			{"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "", true},
			{"PMI_SIZE", "PMI_RANK", "", true},
			{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "1", false},
			{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "2", true},
		} {
			t.Setenv(c.size, "2")
			t.Setenv("OMPI_NUM_APP_CTX", c.commands)
			for rank := range 2 {
				t.Setenv(c.rank, fmt.Sprint(rank))
				t.Setenv("OMPI_COMM_WORLD_LOCAL_RANK", fmt.Sprint(rank))
				for _, args := range []string{"version", "help train", "exit-codes", "train --help"} {
					if status, out, stderr := hebb(t, strings.Fields(args)...); status != 0 || (out != "") != (rank == 0) || stderr != "" {
						t.Errorf("%s of %s=%d: status %d, %q, %q", args, c.rank, rank, status, out, stderr)
					}
				}
				for _, args := range []string{"hsic --sigm 2", "hsic a", "eval", "help me", "train --rank-timeout 0s"} {
					if status, out, stderr := hebb(t, strings.Fields(args)...); status != 2 || out != "" || (stderr != "") != (rank == 0 || c.each) {
						t.Errorf("%s of %s=%d of %q commands: status %d, %q, %q", args, c.rank, rank, c.commands, status, out, stderr)
					}
				}
			}
		}
	})
	t.Setenv("PMI_SIZE", "2")
	t.Setenv("PMI_RANK", "1")
	file := must.Get(os.Create(filepath.Join(t.TempDir(), "version")))(t)
	defer file.Close()
	if status := run(t.Context(), []string{"version"}, file, io.Discard); status != 0 || must.Get(file.Stat())(t).Size() == 0 {
		t.Errorf("into a file: status %d, and it is empty", status)
	}
}

// TestAsked: flags that differ are named with both values, before anything is read; what may differ from host to host may.
func TestAsked(t *testing.T) {
	for _, c := range []struct{ command, rank0, rank1, want string }{
		{"hsic", "", "--kernel linear", "another --kernel than rank 0 on fake0: linear, and there gaussian; want the same on all"},
		{"hsic", "", "--kernel-b linear", "another --kernel-b than rank 0 on fake0: linear, and there none;"},
		{"hsic", "--sigma 1,2", "--sigma 1,3", "another --sigma than rank 0 on fake0: 1,3, and there 1,2;"},
		{"hsic", "--sigma-b 2 --sigma 2", "--sigma 2", "another --sigma-b than rank 0 on fake0: none, and there 2;"},
		{"hsic", "--seed 1", "--seed=2", "another --seed than rank 0 on fake0: 2, and there 1;"},
		{"hsic", "", "--permutations 5", "another --permutations than rank 0 on fake0: 5, and there 0;"},
		{"hsic", "--eps 0.5", "", "another --eps than rank 0 on fake0: 1e-05, and there 0.5;"},
		{"hsic", "--per-dim", "", "another --per-dim than rank 0 on fake0: false, and there true;"},
		{"hsic", "", "--format json", "another --format than rank 0 on fake0: json, and there table;"},
		{"hsic", "--seed 1", "--device 3 --no-cache", ""},
		{"train", "--lr 0.1", "--lr 0.2", "another --lr than rank 0 on fake0: 0.2, and there 0.1;"},
		{"train", "--verify 3", "", "another --verify than rank 0 on fake0: 0, and there 3;"},
		{"train", "--out /a --data /b --profile p", "--out /c --data /d --context egl", ""},
	} {
		var each sync.WaitGroup
		for rank, w := range spread.Fakes(2) {
			each.Go(func() {
				cmd, _, err := newRoot().Find([]string{c.command})
				if err = errors.Join(err, cmd.ParseFlags(strings.Fields([]string{c.rank0, c.rank1}[rank]))); err != nil {
					t.Error(err)
				}
				err = spread.Alike(w, asked(c.command, cmd.Flags()))
				if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), "rank 1 on fake1 has "+c.want) {
					t.Errorf("hebb %s %q and %q: %v, want %q", c.command, c.rank0, c.rank1, err, c.want)
				}
			})
		}
		each.Wait()
	}
}

// TestLeave: rank 0 alone prints an error that all processes agreed on, and all end with the status of the one that had it; a
// process prints its own error with its rank and host, and an agreed one too where not all are there to agree on the status.
func TestLeave(t *testing.T) {
	for _, c := range []struct {
		mine         [2]error
		agreed, gone bool // gone: rank 0 does not come to the end
		status       [2]int
		says         [2]string
	}{
		{agreed: true},
		{mine: [2]error{nil, stopped{syscall.SIGTERM}}, agreed: true, status: [2]int{143, 143}, says: [2]string{"hebb: terminated, to rank 1 on fake1\n"}},
		{mine: [2]error{stopped{syscall.SIGINT}, stopped{syscall.SIGINT}}, agreed: true, status: [2]int{130, 130}, says: [2]string{"hebb: interrupt\n"}},
		{mine: [2]error{nil, fs.ErrNotExist}, agreed: true, status: [2]int{2, 2}, says: [2]string{"hebb: rank 1 on fake1: file does not exist\n"}},
		{mine: [2]error{usagef("--x"), errors.New("no space")}, agreed: true, status: [2]int{2, 2}, says: [2]string{"hebb: rank 0 on fake0: --x\n"}},
		{mine: [2]error{errors.New("no space"), usagef("--x")}, status: [2]int{1, 2},
			says: [2]string{"hebb: rank 0 on fake0: no space\n", "hebb: rank 1 on fake1: --x\n"}},
		{mine: [2]error{nil, stopped{syscall.SIGTERM}}, agreed: true, gone: true, status: [2]int{0, 143},
			says: [2]string{"", "hebb: rank 1 on fake1: terminated, to rank 1 on fake1\n"}},
	} {
		var each sync.WaitGroup
		var said [2]strings.Builder
		for rank, w := range spread.Fakes(2) {
			each.Go(func() {
				err := c.mine[rank]
				if c.agreed {
					err = spread.Agree(w, err)
				}
				if c.gone && rank == 0 {
					err = nil
				}
				if got := conclude(t.Context(), &said[rank], leave(t.Context(), w, &said[rank], err)); got != c.status[rank] {
					t.Errorf("%v: rank %d has status %d, want %d", c.mine, rank, got, c.status[rank])
				}
			})
		}
		each.Wait()
		for rank := range said {
			if got := said[rank].String(); got != c.says[rank] {
				t.Errorf("%v: rank %d says %q, want %q", c.mine, rank, got, c.says[rank])
			}
		}
	}
	if got := fmt.Sprint(ranks(spread.Fakes(3)[0])); got != "3: 1 on fake0, 1 on fake1, 1 on fake2" {
		t.Error(got)
	}
}
