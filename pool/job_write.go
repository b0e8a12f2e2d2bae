package pool

import (
	"context"
	"encoding/base64"
	"unicode/utf8"

	"github.com/brood-go/brood/internal/wtf8"
)

// This file sends the chunks of a job, on the goroutine of its handler.

// chunkSize is the length of the longest chunk, in bytes. A longer write is sent as several
// messages, between which those of other jobs can go.
const chunkSize = 64 << 10

// Write sends p to the parent as the next part of the job's output, in order and complete. p is not
// retained.
//
// If the parent has not taken earlier bytes, 1 MiB or as many as it allowed, Write waits, so a slow
// consumer stops this job and no other. If the job's context ends meanwhile, Write returns its
// cause and the number of bytes sent. On the loop goroutine, with [ServeOptions].OnLoop or Async,
// Write returns [ErrNoCredit] instead of waiting. Other errors are [ErrJobEnded] and the reason why
// nothing can be sent to the parent any more.
//
// Each Write is at least one message, so many small ones should go through a bufio.Writer.
func (j *Job) Write(p []byte) (n int, err error) {
	for n < len(p) {
		took, err := j.writeSome(p[n:])
		n += took
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// writeSome sends one chunk from the beginning of p, or waits and sends nothing.
func (j *Job) writeSome(p []byte) (n int, err error) {
	if err := j.ctx.Err(); err != nil {
		return 0, context.Cause(j.ctx)
	}
	d := j.server.door
	n, wait, err := d.reserveCredit(j, min(len(p), chunkSize))
	switch {
	case err != nil:
		return 0, err
	case wait == nil:
	case j.server.o.handlesOnLoop():
		return 0, ErrNoCredit
	default:
		select {
		case <-wait:
		case <-j.ctx.Done():
		}
		return 0, nil
	}
	chunk := p[:n]
	if n < len(p) {
		chunk = wholeRunes(chunk)
	}
	if err := d.chunk(j, appendChunk(d.buffer(), j.id, chunk), n-len(chunk)); err != nil {
		return 0, err
	}
	j.flushOnLoop()
	return len(chunk), nil
}

// wholeRunes returns p without an incomplete character at its end, unless nothing would be left.
func wholeRunes(p []byte) []byte {
	for i := 1; i < utf8.UTFMax && i < len(p); i++ {
		if c := p[len(p)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(p[len(p)-i:]) {
				return p[:len(p)-i]
			}
			break
		}
	}
	return p
}

func appendChunk(dst []byte, id uint64, p []byte) []byte {
	dst = append(appendID(dst, id), `,"chunk":`...)
	if isText(p) {
		return append(wtf8.AppendQuoted(dst, string(p)), '}')
	}
	return append(base64.StdEncoding.AppendEncode(append(dst, `{"base64":"`...), p), `"}}`...)
}

// isText reports whether p can be a JSON string, and is not longer as one than in base64.
func isText(p []byte) bool {
	if !utf8.Valid(p) {
		return false
	}
	escapes := 0
	for _, c := range p {
		switch {
		case c < ' ' && c != '\n' && c != '\r' && c != '\t':
			escapes += 5
		case c < ' ' || c == '"' || c == '\\':
			escapes++
		}
	}
	return escapes <= len(p)/3
}
