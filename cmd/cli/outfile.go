package cli

import (
	"fmt"
	"io"

	"hebb/internal/atomicfile"
)

// An outFile is a file that a flag names. It exists under another name from before the work until it is done, so that a
// path that cannot be written is known at once, and the file is never half there.
type outFile struct {
	flag, path string
	tmp        *atomicfile.File
}

// reserve makes the temporary file for --flag path.
func reserve(flag, path string) (*outFile, error) {
	f, err := atomicfile.Create(path)
	if err != nil {
		return nil, failure{fmt.Errorf("--%s %s cannot be written: %w", flag, path, err)}
	}
	return &outFile{flag, path, f}, nil
}

func newOutFile(path string) (*outFile, error) { return reserve("out", path) }

// write fills the file and gives it its name.
func (f *outFile) write(content func(io.Writer) error) error {
	err := content(f.tmp)
	if err == nil {
		err = f.tmp.Commit()
	}
	if err != nil {
		return failure{fmt.Errorf("--%s %s cannot be written: %w", f.flag, f.path, err)}
	}
	return nil
}

// drop removes a file that was not written.
func (f *outFile) drop() { f.tmp.Close() }
