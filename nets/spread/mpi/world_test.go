//go:build mpi && cgo

package mpi

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hebb/nets/spread"
)

// roles are what this program does as a rank, where the environment says so in HEBB_MPI_ROLE: the tests start it so.
var roles = map[string]func(w spread.World) error{
	"well": func(w spread.World) error {
		for _, f := range []func(spread.World) error{sums, shares, panics, again} {
			if err := f(w); err != nil {
				return err
			}
		}
		fmt.Println("all is well")
		return nil
	},
	"lengths": lengths,
	"absent":  func(spread.World) error { return errors.New("all are there") },
	"killed":  func(w spread.World) error { return until(w, syscall.SIGKILL) },
	"stopped": func(w spread.World) error { return until(w, syscall.SIGSTOP) },
	"exits": func(w spread.World) error {
		if w.Rank() == 0 {
			return errors.New("no space left on device")
		}
		return until(w, 0)
	},
}

func TestMain(m *testing.M) {
	role := os.Getenv("HEBB_MPI_ROLE")
	if role == "" {
		os.Exit(m.Run())
	}
	patience, err := time.ParseDuration(os.Getenv("HEBB_MPI_PATIENCE"))
	if err != nil {
		panic(err)
	}
	if role == "absent" && os.Getenv("OMPI_COMM_WORLD_RANK")+os.Getenv("PMI_RANK") == "2" {
		time.Sleep(time.Minute)
	}
	w, err := Open(patience)
	if err == nil {
		err = roles[role](w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hebb:", err)
		Exit(3)
	}
}

// launch runs ranks of a role under mpirun, and returns what they wrote and the code that mpirun ended with.
func launch(t *testing.T, ranks int, role, patience string) (string, int) {
	t.Helper()
	mpirun := "mpirun"
	if m := os.Getenv("MPIRUN"); m != "" {
		mpirun = m
	}
	return play(t, exec.Command(mpirun, "-n", fmt.Sprint(ranks), os.Args[0]), role, patience)
}

func play(t *testing.T, cmd *exec.Cmd, role, patience string) (string, int) {
	t.Helper()
	cmd.Env = append(os.Environ(), "HEBB_MPI_ROLE="+role, "HEBB_MPI_PATIENCE="+patience, "GOMAXPROCS=2",
		"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_rmaps_base_oversubscribe=1",
		"OMPI_MCA_hwloc_base_binding_policy=none", "OMPI_MCA_mpi_yield_when_idle=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	end := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer end.Stop()
	err := cmd.Run()
	t.Logf("%s: %.1f s", role, time.Since(start).Seconds())
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// TestRanks: on 1 to 4 ranks all is as it is in one process.
func TestRanks(t *testing.T) {
	for ranks := 1; ranks <= 4; ranks++ {
		if out, code := launch(t, ranks, "well", "30s"); code != 0 || strings.Count(out, "all is well") != ranks {
			t.Errorf("%d ranks: code %d, want 0:\n%s", ranks, code, out)
		}
	}
}

// TestUCX: the same through UCX, which takes signals that Go needs, where Open MPI has it.
func TestUCX(t *testing.T) {
	for _, v := range []string{"opal_common_ucx_tls", "pml_ucx_tls", "opal_common_ucx_devices", "pml_ucx_devices"} {
		t.Setenv("OMPI_MCA_"+v, "any")
	}
	t.Setenv("OMPI_MCA_pml", "ucx")
	out, code := launch(t, 2, "well", "30s")
	if code != 0 && strings.Contains(out, "No components were able to be opened in the pml framework") {
		t.Skip("Open MPI has no UCX here")
	}
	if code != 0 || strings.Count(out, "all is well") != 2 {
		t.Errorf("code %d, want 0:\n%s", code, out)
	}
}

// TestFaults: whatever becomes of a rank, all end, and the last words name it where MPI's launcher does not.
func TestFaults(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		role, patience, want string
	}{
		{"killed", "1m", ""},
		{"stopped", "3s", "hebb: rank 2 on " + host + " did not answer within 3s"},
		{"absent", "3s", "hebb: mpi: not all ranks have begun within 3s"},
		{"lengths", "1m", "hebb: rank 2 on " + host + " sent 12 bytes, want 16"},
		{"exits", "1m", "hebb: no space left on device"},
	} {
		start := time.Now()
		out, code := launch(t, 4, c.role, c.patience)
		if code == 0 || code == -1 || !strings.Contains(out, c.want) || strings.Contains(out, "goes on") {
			t.Errorf("%s: code %d, want another than 0 and %q:\n%s", c.role, code, c.want, out)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: all ended after %v", c.role, took)
		}
		if c.role == "killed" || c.role == "stopped" {
			ended(t, c.role, out)
		}
	}
}

// ended looks for the process of rank 2, which has some seconds to be gone.
func ended(t *testing.T, role, out string) {
	_, after, said := strings.Cut(out, "rank 2 is process ")
	if !said {
		t.Errorf("%s: rank 2 did not say which process it is:\n%s", role, out)
		return
	}
	pid, _, _ := strings.Cut(after, "\n")
	for range 100 {
		if _, err := os.Stat("/proc/" + pid + "/exe"); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("%s: rank 2, process %s, is still there", role, pid)
}

// TestOtherMPI: to a program of one MPI, the launcher of another one looks like this.
func TestOtherMPI(t *testing.T) {
	variable := "PMI_SIZE"
	if library, err := Library(); err != nil || !strings.HasPrefix(library, "Open MPI v") {
		variable = "OMPI_COMM_WORLD_SIZE"
	}
	cmd := exec.Command(os.Args[0])
	t.Setenv(variable, "4")
	out, code := play(t, cmd, "well", "10s")
	if want := variable + " says that 4 processes were started, and MPI ("; code != 3 || !strings.Contains(out, want) {
		t.Errorf("code %d, want 3 and %q:\n%s", code, want, out)
	}
}

func again(spread.World) error {
	if _, err := Open(time.Second); err == nil {
		return errors.New("a second Open is no error")
	}
	return nil
}

// panics: MPI leaves Go the signals by which a fault is a panic.
func panics(spread.World) (err error) {
	defer func() {
		if recover() != nil {
			err = nil
		}
	}()
	var nothing *int
	return fmt.Errorf("no panic, but %d", *nothing)
}

func shares(w spread.World) error {
	for _, n := range []int{0, 1, 100_000} {
		all, err := w.Share(bytes.Repeat([]byte{byte(w.Rank())}, n*w.Rank()))
		if err != nil {
			return err
		}
		for r, got := range all {
			if !bytes.Equal(got, bytes.Repeat([]byte{byte(r)}, n*r)) {
				return fmt.Errorf("rank %d shared %d bytes, want %d", r, len(got), n*r)
			}
		}
	}
	return nil
}

// until exchanges for ever; after some rounds rank 2 sends itself the signal.
func until(w spread.World, s syscall.Signal) error {
	send, receive := make([][]float32, w.Size()), make([][]float32, w.Size())
	for r := range send {
		send[r], receive[r] = make([]float32, 100_000), make([]float32, 100_000)
	}
	for round := 0; ; round++ {
		if round == 5 && w.Rank() == 2 && s != 0 {
			fmt.Printf("rank 2 is process %d\n", os.Getpid())
			if err := syscall.Kill(os.Getpid(), s); err != nil {
				return err
			}
			time.Sleep(time.Minute)
			fmt.Println("rank 2 goes on")
		}
		if err := w.Exchange(send, receive); err != nil {
			return err
		}
	}
}

// lengths: rank 2 sends rank 1 fewer numbers than that waits for.
func lengths(w spread.World) error {
	send, receive := make([][]float32, w.Size()), make([][]float32, w.Size())
	for r := range send {
		send[r], receive[r] = make([]float32, 4), make([]float32, 4)
	}
	if w.Rank() == 2 {
		send[1] = send[1][:3]
	}
	for {
		if err := w.Exchange(send, receive); err != nil {
			return err
		}
	}
}

// sums: the totals have the bits of the definition, also when messages are cut in many; and once made a sum allocates
// nothing.
func sums(w spread.World) error {
	for _, c := range []struct{ m, n, longest int }{
		{4, 0, longest}, {4, 1, longest}, {4, 3, longest}, {8, 10_007, longest}, {16, 10_007, 1000}, {4, 300_000, longest},
	} {
		longest = c.longest
		s, err := spread.NewSum(w, c.m, c.n)
		if err != nil {
			return err
		}
		got, nodes := make([]float32, c.n), [][]float32(nil)
		for _, node := range s.Nodes() {
			nodes = append(nodes, tree(node, c.n))
		}
		each := testing.AllocsPerRun(50, func() { err = errors.Join(err, s.Total(nodes, got)) })
		if err != nil {
			return err
		}
		if !slices.Equal(got, tree(spread.Node{Lo: 0, Hi: c.m}, c.n)) {
			return fmt.Errorf("%d parts of %d numbers: rank %d has other bits than the definition", c.m, c.n, w.Rank())
		}
		if each != 0 {
			return fmt.Errorf("%d parts of %d numbers: rank %d allocates %v a step", c.m, c.n, w.Rank(), each)
		}
	}
	return nil
}

// tree is the sum at a node by its definition, of parts that are random numbers.
func tree(at spread.Node, n int) []float32 {
	sum := make([]float32, n)
	if at.Leaf() {
		r := rand.New(rand.NewPCG(5, uint64(at.Lo)))
		for i := range sum {
			sum[i] = float32(r.NormFloat64())
		}
		return sum
	}
	left, right := at.Halves()
	a, b := tree(left, n), tree(right, n)
	for i := range sum {
		sum[i] = a[i] + b[i]
	}
	return sum
}
