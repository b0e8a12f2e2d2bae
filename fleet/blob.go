package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// headerRoom is the room in a message besides the body, in bytes: for headers, the subject, and the
// report on a dead job.
const headerRoom = 96 << 10

// inline returns the largest body that a message carries itself, in bytes. The dead stream stores a
// job in base64, which must fit too.
func (f *Fleet) inline() int64 {
	limit := f.nc.MaxPayload()
	if limit <= 2*headerRoom {
		return limit / 4
	}
	return (limit - headerRoom) / 4 * 3
}

// chunk returns the size of an object's messages, in bytes. It is large, because load requests one
// message after the other.
func (f *Fleet) chunk() uint32 { return uint32(max(1, f.nc.MaxPayload()/2)) }

// attach puts body into msg or, if it is too large, into an object of the bucket that msg then
// names. drop deletes the object without a guarantee; an object that stays expires.
func (f *Fleet) attach(ctx context.Context, bucket string, id jobID, msg *nats.Msg, body []byte) (drop func(), err error) {
	size := int64(len(body))
	if size > f.o.MaxPayload {
		return nil, errors.Join(ErrTooLarge, fmt.Errorf("%d bytes, more than %d", size, f.o.MaxPayload))
	}
	if size <= f.inline() {
		msg.Data = body
		return func() {}, nil
	}
	store, err := f.openBucket(ctx, bucket, id.client)
	if err != nil {
		return nil, err
	}
	name := id.id + "." + newID()
	err = f.admin(ctx, "store payload of", id.String(), func(context.Context) error {
		// Not bounded by the time of one attempt, because the payload is large.
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
	return func() { f.dropBlob(bucket, name) }, nil
}

// body returns the body of msg, or of the object that it names. If there is no such object, the
// error wraps errNoBlob.
func (f *Fleet) body(ctx context.Context, bucket string, id jobID, msg *nats.Msg) ([]byte, error) {
	name := msg.Header.Get(headerBlob)
	if name == "" {
		return msg.Data, nil
	}
	data, err := f.load(ctx, bucket, name)
	if err != nil {
		return nil, &OpError{"load payload of", id.String(), err}
	}
	return data, nil
}

// errNoBlob is wrapped in the error for a payload that has expired, or differs from the stored one.
var errNoBlob = errors.New("the payload is not in the object store")

// object is the description of an object, as jetstream stores it. A link to an object of another
// bucket is not followed, because the program that loads may have more rights than the one that
// stored.
type object struct {
	NUID   string `json:"nuid"`
	Size   uint64 `json:"size"`
	Chunks uint32 `json:"chunks"`
	Digest string `json:"digest"`
	Gone   bool   `json:"deleted"`
}

// load requests the messages of an object one by one. jetstream would create a consumer, but a user
// with that right can make the server send stored messages to any subject.
func (f *Fleet) load(ctx context.Context, bucket, name string) ([]byte, error) {
	stream := "OBJ_" + bucket
	msg, err := f.last(ctx, "look for", stream, "$O."+bucket+".M."+base64.URLEncoding.EncodeToString([]byte(name)))
	if err != nil {
		return nil, err
	}
	var o object
	if msg == nil || json.Unmarshal(msg.Data, &o) != nil || o.Gone || checkToken("", o.NUID) != nil {
		return nil, errNoBlob
	}
	if o.Size > uint64(f.o.MaxPayload) {
		return nil, errors.Join(errNoBlob, fmt.Errorf("it has %d bytes, more than %d", o.Size, f.o.MaxPayload))
	}
	var data []byte
	var seq uint64
	for range o.Chunks {
		chunk, err := f.next(ctx, stream, "$O."+bucket+".C."+o.NUID, seq+1)
		if err != nil {
			return nil, err
		}
		if chunk == nil || uint64(len(data)+len(chunk.Data)) > o.Size {
			break
		}
		data, seq = append(data, chunk.Data...), uint64(number(chunk.Header, natsSeq))
	}
	sum := sha256.Sum256(data)
	if uint64(len(data)) != o.Size || o.Digest != "SHA-256="+base64.URLEncoding.EncodeToString(sum[:]) {
		return nil, errors.Join(errNoBlob, errors.New("it is not what was stored"))
	}
	return data, nil
}

// dropTimeout bounds the deletion of a payload, which would expire anyway.
const dropTimeout = 2 * time.Second

// dropBlob deletes a payload, without a guarantee.
func (f *Fleet) dropBlob(bucket, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
	defer cancel()
	if store, err := f.js.ObjectStore(ctx, bucket); err == nil {
		_ = store.Delete(ctx, name) // Best effort: it expires.
	}
}

// openBucket returns a bucket of a client. It creates the bucket if it does not exist and the user
// may do so.
func (f *Fleet) openBucket(ctx context.Context, bucket, client string) (store jetstream.ObjectStore, err error) {
	look := func() error {
		return f.admin(ctx, "look for", bucket, func(ctx context.Context) error {
			store, err = f.js.ObjectStore(ctx, bucket)
			return err
		})
	}
	if err := look(); !errors.Is(err, ErrNotSetUp) {
		return store, err
	}
	l, err := f.layout(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.addBuckets(ctx, client, l); err != nil {
		return nil, err
	}
	err = look()
	return store, err
}
