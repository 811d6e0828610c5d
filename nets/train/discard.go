package train

import (
	"errors"
	"fmt"
	"os"
)

// Discard gives up the folder of a run that has come to nothing, one without a checkpoint and without a line of metrics, and
// removes what the run has made of it. Any other folder stays as it is, and so does a file in it that is not the run's.
func (f *Folder) Discard() error {
	if !f.mine() {
		return nil
	}
	all, err := list(f.path(CheckpointsDir))
	if err != nil || len(all) > 0 {
		return err
	}
	if info, err := os.Stat(f.path(MetricsFile)); err != nil || info.Size() > 0 {
		return err
	}
	err = f.metrics.Close() // before it can be removed, on Windows
	f.metrics = nil
	for _, name := range []string{CheckpointsDir, MetricsFile, RecordFile, ConfigFile} {
		err = errors.Join(err, os.Remove(f.path(name)))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("a run that has come to nothing: %w", err)
	}
	return nil
}
