package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// headerRoom is what a message may have beside its body: the headers, the subject, and for a dead job what is told of its
// last attempt.
const headerRoom = 96 << 10

// inline returns the size of a body from which on it goes through the object store. The job of a dead job is stored in
// base64.
func (f *Fleet) inline() int64 {
	limit := f.nc.MaxPayload()
	if limit <= 2*headerRoom {
		return limit / 4
	}
	return (limit - headerRoom) / 4 * 3
}

// chunk is the size of the messages of an object.
func (f *Fleet) chunk() uint32 {
	const usual = 128 << 10 // as jetstream has it
	return uint32(max(1, min(usual, f.nc.MaxPayload()/2)))
}

// attach makes body the body of msg, or of an object that msg names. drop deletes the object, if it can: what it leaves
// expires.
func (f *Fleet) attach(ctx context.Context, id jobID, msg *nats.Msg, body []byte) (drop func(), err error) {
	size := int64(len(body))
	if size > f.o.MaxPayload {
		return nil, errors.Join(ErrTooLarge, fmt.Errorf("%d bytes, more than %d", size, f.o.MaxPayload))
	}
	if size <= f.inline() {
		msg.Data = body
		return func() {}, nil
	}
	store, err := f.objects(ctx, id.client)
	if err != nil {
		return nil, err
	}
	name := id.id + "." + newID()
	err = f.admin(ctx, "store payload of", id.String(), func(context.Context) error {
		// Not in the time of one attempt: it is large.
		_, err := store.Put(ctx, jetstream.ObjectMeta{Name: name, Opts: &jetstream.ObjectMetaOptions{ChunkSize: f.chunk()}}, bytes.NewReader(body))
		return err
	})
	if err != nil {
		if full(err) {
			return nil, errors.Join(ErrQueueFull, err)
		}
		return nil, err
	}
	msg.Header.Set(headerBlob, name)
	return func() { f.dropBlob(id, name) }, nil
}

// body returns the body of msg, or that of the object that it names. The error is errNoBlob when there is none.
func (f *Fleet) body(ctx context.Context, id jobID, msg *nats.Msg) ([]byte, error) {
	name := msg.Header.Get(headerBlob)
	if name == "" {
		return msg.Data, nil
	}
	store, err := f.objects(ctx, id.client)
	if err != nil {
		return nil, err
	}
	var data []byte
	err = f.admin(ctx, "load payload of", id.String(), func(context.Context) error {
		data, err = f.load(ctx, store, name)
		return err
	})
	return data, err
}

// errNoBlob is in the chain of the error for a payload that has expired, or is not what it should be.
var errNoBlob = errors.New("the payload is not in the object store")

func (f *Fleet) load(ctx context.Context, store jetstream.ObjectStore, name string) ([]byte, error) {
	object, err := store.Get(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, errors.Join(errNoBlob, err)
	}
	if err != nil {
		return nil, err
	}
	defer object.Close()
	info, err := object.Info()
	if err != nil {
		return nil, err
	}
	if info.Size > uint64(f.o.MaxPayload) {
		return nil, errors.Join(errNoBlob, fmt.Errorf("it has %d bytes, more than %d", info.Size, f.o.MaxPayload))
	}
	data, err := io.ReadAll(io.LimitReader(object, f.o.MaxPayload+1))
	switch {
	case errors.Is(err, jetstream.ErrDigestMismatch):
		return nil, errors.Join(errNoBlob, err)
	case err != nil:
		return nil, err
	case uint64(len(data)) != info.Size:
		return nil, errors.Join(errNoBlob, errors.New("it is cut short"))
	}
	return data, nil
}

// dropTimeout bounds what is done to give back space, which expires all the same.
const dropTimeout = 2 * time.Second

func (f *Fleet) dropBlob(id jobID, name string) {
	if name == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
	defer cancel()
	if store, err := f.objects(ctx, id.client); err == nil {
		_ = store.Delete(ctx, name) // Best effort: it expires.
	}
}

// objects returns the bucket for the payloads of a client, made if it is not there and this user may do so.
func (f *Fleet) objects(ctx context.Context, client string) (store jetstream.ObjectStore, err error) {
	bucket := f.names.bucket(client)
	look := func() error {
		return f.admin(ctx, "look for", bucket, func(ctx context.Context) error {
			store, err = f.js.ObjectStore(ctx, bucket)
			return err
		})
	}
	if err := look(); !errors.Is(err, ErrNotSetUp) {
		return store, err
	}
	l, err := (*Layout)(nil).withDefaults()
	if err != nil {
		return nil, err
	}
	if err := f.addBucket(ctx, client, &l); err != nil {
		return nil, err
	}
	err = look()
	return store, err
}
