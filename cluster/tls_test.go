package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/cluster"
)

// certificate returns the PEM of a new certificate for this machine, and of its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	secret, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
}

// A session that began with one worker is resumed by another, because all get the ticket keys of
// the first.
//
//brood:checks W103
func TestAllWorkersHaveTheTLSTicketKeysOfTheFirst(t *testing.T) {
	cert, key := certificate(t)
	text := `
		const cluster = require('cluster');
		require('tls').createServer({ cert: ` + strconv.Quote(cert) + `, key: ` + strconv.Quote(key) + ` }, (c) => {
			c.on('error', () => {});
			c.end('' + cluster.worker.id);
		}).listen(0, '127.0.0.1');`
	eachModeOptions(t, text, func(t *testing.T, o *cluster.Options) {
		f := newCluster(t, o)
		f.fork(2)
		config := &tls.Config{InsecureSkipVerify: true, ServerName: "worker", ClientSessionCache: tls.NewLRUClientSessionCache(0)}
		ask := func(want string, resumed bool) error {
			conn, err := dial("tcp", local(f.ports[1]))
			if err != nil {
				return err
			}
			secure := tls.Client(conn, config)
			defer secure.Close()
			s, err := io.ReadAll(secure) // The ticket comes before the end.
			if err == nil && (string(s) != want || secure.ConnectionState().DidResume != resumed) {
				err = fmt.Errorf("answer %q, resumed %t", s, secure.ConnectionState().DidResume)
			}
			return err
		}
		f.when(f.saw("listening", 2), func() {
			f.client(func() error { return errors.Join(ask("1", false), ask("2", true), ask("1", true)) }, f.disconnect)
		})
		f.run()
		require.Zero(t, f.count("error"))
	})
}
