package train

import (
	"io"

	"hebb/internal/atomicfile"
)

// replace writes a file that appears whole or not at all. After an error, what was there before is as it was.
func replace(path string, text []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
