package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// sizeOf returns the size of a file, 0 if it is not there.
func sizeOf(path string) int64 {
	if info, err := os.Stat(path); err == nil {
		return info.Size()
	}
	return 0
}

// download appends to part what it lacks of the file at url, or starts it anew where the server does
// not let it go on. It returns how much came; after an error that is kept, for another attempt.
func (f fetcher) download(ctx context.Context, url string, file remote, part string) (got int64, err error) {
	have := sizeOf(part)
	if have == file.size {
		return 0, nil
	}
	if have > file.size {
		have = 0
	}
	whole := ctx // the time that the server has starts anew with another request
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(f.stall, func() { cancel(fmt.Errorf("the server sent nothing for %v", f.stall)) })
	defer timer.Stop()

	resp, err := f.ask(ctx, url, have)
	if err != nil {
		return 0, cause(ctx, err)
	}
	defer resp.Body.Close()
	var out *os.File
	switch {
	case resp.StatusCode == http.StatusOK:
		have = 0
		out, err = os.Create(part)
	case have > 0 && resp.StatusCode == http.StatusPartialContent &&
		strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
		out, err = os.OpenFile(part, os.O_WRONLY|os.O_APPEND, 0)
	case have > 0 && (resp.StatusCode == http.StatusPartialContent || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable):
		timer.Stop() // the answer is not the requested range: request the whole file
		if err := os.Remove(part); err != nil {
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
		return 0, errors.Join(fmt.Errorf("sends more than the %d bytes of the file", file.size), os.Remove(part))
	case have+got < file.size:
		return got, fmt.Errorf("ended after %d bytes, want %d", have+got, file.size)
	}
	return got, nil
}

// ask requests the file, or the bytes after the first have bytes.
func (f fetcher) ask(ctx context.Context, url string, have int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "identity") // or a .gz may be unpacked on the way
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	return f.client.Do(req)
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
