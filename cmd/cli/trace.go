package cli

import (
	"bufio"
	"errors"
	"io"
	"os"

	"hebb/compute"
)

// A tracing is what --trace asks for. Methods of a nil one do nothing.
type tracing struct {
	f *os.File
	w *bufio.Writer
}

// openTrace opens the file of --trace; it is nil if there is no path.
func openTrace(path string) (*tracing, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, unwritable("--trace", path, "a file that is not there, in a folder that can be written", err)
	}
	return &tracing{f, bufio.NewWriter(f)}, nil
}

// wrap returns b with a line for each of its ops.
func (t *tracing) wrap(b compute.Backend) compute.Backend {
	if t == nil {
		return b
	}
	return compute.Trace(b, t.w, false)
}

// Close writes what is left. The file of a run that never began is removed.
func (t *tracing) Close() error {
	if t == nil {
		return nil
	}
	err := t.w.Flush()
	if at, e := t.f.Seek(0, io.SeekCurrent); err == nil && e == nil && at == 0 {
		err = os.Remove(t.f.Name())
	}
	return errors.Join(err, t.f.Close())
}
