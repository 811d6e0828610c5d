package mpi

import (
	"os"
	"testing"
)

func TestLaunched(t *testing.T) {
	for _, v := range sizes {
		t.Setenv(v, "") // gives it back after the test
		os.Unsetenv(v)
	}
	if n, v, err := Launched(); n != 0 || v != "" || err != nil {
		t.Errorf("launched by nobody: %d, %q, %v", n, v, err)
	}
	for _, c := range []struct {
		variable, value string
		size            int
		want            string
	}{ // each beside the ones before
		{"SLURM_STEP_NUM_TASKS", "5", 5, "SLURM_STEP_NUM_TASKS"},
		{"PMI_SIZE", "4", 4, "PMI_SIZE"},
		{"OMPI_COMM_WORLD_SIZE", "3", 3, "OMPI_COMM_WORLD_SIZE"},
	} {
		t.Setenv(c.variable, c.value)
		if n, v, err := Launched(); n != c.size || v != c.want || err != nil {
			t.Errorf("%s=%s: %d, %q, %v", c.variable, c.value, n, v, err)
		}
	}
	for _, bad := range []string{"", "many", "0", "-1"} {
		t.Setenv("OMPI_COMM_WORLD_SIZE", bad)
		if n, _, err := Launched(); err == nil {
			t.Errorf("OMPI_COMM_WORLD_SIZE=%q is %d processes, want an error", bad, n)
		}
	}
}
