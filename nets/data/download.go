package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"
)

// Beside a .part lies a .part.from with two lines: where it is from, and how that server named its
// version (ETag, or else Last-Modified). Without them the part is of no use.

// origin returns the version of the file that part is the beginning of, and how much of it there is.
func origin(part, url string) (version string, size int64) {
	text, err := os.ReadFile(part + ".from")
	if err != nil {
		return "", 0
	}
	from, version, _ := strings.Cut(strings.TrimSuffix(string(text), "\n"), "\n")
	info, err := os.Stat(part)
	if err != nil || from != url || version == "" {
		return "", 0
	}
	return version, info.Size()
}

// forget removes a partial download.
func forget(part string) error {
	var failed []error
	for _, name := range []string{part, part + ".from"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// download appends to part what it lacks of the file at url, or starts it anew where the server does
// not let it go on. It returns how much came; after an error that is kept, for another attempt.
func (f fetcher) download(ctx context.Context, url string, file remote, part string) (got int64, err error) {
	version, have := origin(part, url)
	if have == file.size {
		return 0, nil
	}
	if have > file.size {
		version, have = "", 0
	}
	whole := ctx // the time that the server has starts anew with another request
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(f.stall, func() { cancel(fmt.Errorf("the server sent nothing for %v", f.stall)) })
	defer timer.Stop()

	resp, err := f.ask(ctx, url, version, have)
	if err != nil {
		return 0, cause(ctx, err)
	}
	defer resp.Body.Close()
	var out *os.File
	switch {
	case resp.StatusCode == http.StatusOK:
		have = 0
		out, err = begin(part, url, resp.Header)
	case have > 0 && resp.StatusCode == http.StatusPartialContent &&
		strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
		out, err = os.OpenFile(part, os.O_WRONLY|os.O_APPEND, 0)
	case have > 0 && (resp.StatusCode == http.StatusPartialContent || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable):
		timer.Stop() // the answer is not the requested range: request the whole file
		if err := forget(part); err != nil {
			return 0, err
		}
		return f.download(whole, url, file, part)
	default:
		return 0, fmt.Errorf("answers %s", resp.Status)
	}
	if err != nil {
		return 0, err
	}
	got, err = io.Copy(out, &watched{
		r: io.LimitReader(resp.Body, file.size-have+1), // one more, to see that there is no more
		after: func(n int64) {
			timer.Reset(f.stall)
			f.progress(file.name, min(have+n, file.size), file.size)
		},
	})
	err = errors.Join(cause(ctx, err), out.Sync(), out.Close())
	switch {
	case err != nil:
		return got, err
	case have+got > file.size:
		return 0, errors.Join(fmt.Errorf("sends more than the %d bytes of the file", file.size), forget(part))
	case have+got < file.size:
		return got, fmt.Errorf("ended after %d bytes, want %d", have+got, file.size)
	}
	return got, nil
}

// ask requests the file, or what follows the first have bytes if it is still of that version.
func (f fetcher) ask(ctx context.Context, url, version string, have int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "identity") // or a .gz may be unpacked on the way
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		req.Header.Set("If-Range", version)
	}
	return f.client.Do(req)
}

// begin empties part and notes where it is from.
func begin(part, url string, h http.Header) (*os.File, error) {
	if err := forget(part); err != nil {
		return nil, err
	}
	version := h.Get("ETag")
	if version == "" || strings.HasPrefix(version, "W/") { // If-Range takes no weak ones
		version = h.Get("Last-Modified")
	}
	if err := os.WriteFile(part+".from", []byte(url+"\n"+version+"\n"), 0o666); err != nil {
		return nil, err
	}
	return os.Create(part)
}

// cause is err, or why ctx ended if that is why.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// watched calls after with the number of bytes read.
type watched struct {
	r     io.Reader
	n     int64
	after func(n int64)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	if n > 0 {
		w.after(w.n)
	}
	return n, err
}
