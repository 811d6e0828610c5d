package must

import (
	"io"
	"strconv"
	"testing"
)

// A recorder keeps what a test ends with.
type recorder struct{ said []any }

func (*recorder) Helper()             {}
func (r *recorder) Fatal(args ...any) { r.said = append(r.said, args...) }

// TestErrors: without an error a test goes on, with the value; with one it ends with that error.
func TestErrors(t *testing.T) {
	r := &recorder{}
	if Do(r, nil); Get(strconv.Atoi("7"))(r) != 7 || r.said != nil {
		t.Errorf("without an error: %v", r.said)
	}
	Do(r, io.EOF)
	if Get(7, io.ErrNoProgress)(r); len(r.said) != 2 || r.said[0] != io.EOF || r.said[1] != io.ErrNoProgress {
		t.Errorf("with errors: %v", r.said)
	}
}
