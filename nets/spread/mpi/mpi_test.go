package mpi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLaunched(t *testing.T) {
	for _, l := range launchers {
		for _, v := range []string{l.size, l.rank} {
			t.Setenv(v, "") // gives it back after the test
			os.Unsetenv(v)
		}
	}
	t.Setenv("SLURM_PROCID", "7") // of a script, which starts one process
	if n, v, err := Launched(); n != 0 || v != "" || err != nil || Rank() != 0 {
		t.Errorf("launched by nobody: %d, %q, %v, rank %d", n, v, err, Rank())
	}
	for _, c := range []struct {
		variable, value string
		size            int
		want, is, says  string
		rank            int
	}{ // each beside the ones before
		{"SLURM_STEP_NUM_TASKS", "5", 5, "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "3", 3},
		{"PMI_SIZE", "4", 4, "PMI_SIZE", "PMI_RANK", "2", 2},
		{"OMPI_COMM_WORLD_SIZE", "3", 3, "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "1", 1},
		{"OMPI_COMM_WORLD_SIZE", "3", 3, "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "none", 0},
	} {
		t.Setenv(c.variable, c.value)
		t.Setenv(c.is, c.says)
		if n, v, err := Launched(); n != c.size || v != c.want || err != nil || Rank() != c.rank {
			t.Errorf("%s=%s, %s=%s: %d, %q, %v, rank %d", c.variable, c.value, c.is, c.says, n, v, err, Rank())
		}
	}
	for _, bad := range []string{"", "many", "0", "-1"} {
		t.Setenv("OMPI_COMM_WORLD_SIZE", bad)
		if n, _, err := Launched(); err == nil {
			t.Errorf("OMPI_COMM_WORLD_SIZE=%q is %d processes, want an error", bad, n)
		}
	}
}

// TestRepeats: a process repeats one before it on its host if mpirun started nothing else, by the very command line.
func TestRepeats(t *testing.T) {
	line := filepath.Base(os.Args[0]) + "|" + strings.Join(os.Args[1:], " ")
	for _, c := range []struct {
		local, commands, line string
		want                  bool
	}{
		{"1", "1", line, true},
		{"", "1", line, false},
		{"0", "1", line, false},
		{"1", "2", line, false},
		{"1", "", line, false},
		{"1", "1", line + " --seed 2", false},
		{"1", "1", "sh|-c " + line, false},
	} {
		command, args, _ := strings.Cut(c.line, "|")
		for name, value := range map[string]string{"LOCAL_RANK": c.local, "NUM_APP_CTX": c.commands, "COMMAND": command, "ARGV": args} {
			t.Setenv("OMPI_"+strings.Replace(name, "LOCAL", "COMM_WORLD_LOCAL", 1), value)
		}
		if got := Repeats(); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
