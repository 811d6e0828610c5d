package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"hebb/internal/atomicfile"
	"hebb/internal/figure"
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
		return nil, unwritable("--"+flag, path, "a file in a folder that can be written", err)
	}
	return &outFile{flag, path, f}, nil
}

func newOutFile(path string) (*outFile, error) { return reserve("out", path) }

// An output is a file that a flag names; without a path there is none.
type output struct{ flag, path string }

// writable reports the first of some outputs that cannot be written, before there is any work.
func writable(all ...output) error {
	for _, o := range all {
		if o.path == "" {
			continue
		}
		f, err := reserve(o.flag, o.path)
		if err != nil {
			return err
		}
		f.drop()
	}
	return nil
}

// unwritable is the error of an output that a flag names: wrong input if its path is at fault.
func unwritable(what, path, want string, err error) error {
	if atomicfile.Misplaced(err) {
		return usagef("%s %s cannot be written: %w; want %s", what, path, err, want)
	}
	return failure{fmt.Errorf("%s %s cannot be written: %w", what, path, err)}
}

// makeFolder makes a folder to write to, unless it is there.
func makeFolder(what, dir string) error {
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		var f *atomicfile.File
		if f, err = atomicfile.Create(filepath.Join(dir, "new")); err == nil {
			return f.Close()
		}
	}
	return unwritable(what, dir, "a folder that can be written, or made", err)
}

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

// into writes the file of a flag.
func into(flag, path string, content func(io.Writer) error) error {
	f, err := reserve(flag, path)
	if err != nil {
		return err
	}
	defer f.drop()
	return f.write(content)
}

// drawer returns what writes a figure into a file of that name.
func drawer(flag, path string) (func(figure.Figure, io.Writer) error, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".svg":
		return figure.Figure.SVG, nil
	case ".png":
		return figure.Figure.PNG, nil
	}
	return nil, usagef("--%s %s, want a name that ends in .svg or .png", flag, path)
}
