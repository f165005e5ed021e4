package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a certificate of the program's own with its key, as their files have them: renewed files are taken without a
// restart, and what is wrong with them leaves the certificate before in place.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu       sync.Mutex // of what follows
	loaded   *tls.Certificate
	stamp    stamp     // of the files that were tried last
	failedAt time.Time // when those could not be used; zero while they are in use
}

// loadAgain is how long files that can't be used are left alone. What was wrong with them may pass without a trace in the files: their
// mode, or a clock that is a little behind that of who signed the certificate.
const loadAgain = time.Minute

// stamp tells one state of the two files from another.
type stamp struct {
	certAt, keyAt     time.Time
	certSize, keySize int64
}

// newCertificate reads the files. The error says what is wrong with them, and what to do.
func newCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	c.stamp = c.look()
	loaded, err := c.load(time.Now())
	c.loaded = loaded
	return c, err
}

// look is the state of the files now; zero for what is not there.
func (c *certificate) look() (s stamp) {
	if info, err := os.Stat(c.certFile); err == nil {
		s.certAt, s.certSize = info.ModTime(), info.Size()
	}
	if info, err := os.Stat(c.keyFile); err == nil {
		s.keyAt, s.keySize = info.ModTime(), info.Size()
	}
	return s
}

// load reads the files, and checks that the certificate holds at now.
func (c *certificate) load(now time.Time) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		var missing *os.PathError
		if errors.As(err, &missing) {
			return nil, err
		}
		return nil, fmt.Errorf("%w; the one must be a certificate and the other its key, both in PEM and the key without a passphrase", err)
	}
	switch {
	case now.After(pair.Leaf.NotAfter):
		return nil, fmt.Errorf("the certificate in %s expired on %s; renew it", c.certFile, pair.Leaf.NotAfter.Format(time.DateOnly))
	case now.Before(pair.Leaf.NotBefore):
		return nil, fmt.Errorf("the certificate in %s is not valid before %s; check it and this computer's clock", c.certFile, pair.Leaf.NotBefore.Format(time.DateOnly))
	}
	return &pair, nil
}

// current is the certificate for a new connection at now: that of the files where they have changed and are well.
func (c *certificate) current(now time.Time) *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp := c.look()
	tried := stamp == c.stamp
	if tried && (c.failedAt.IsZero() || now.Sub(c.failedAt) < loadAgain) {
		return c.loaded
	}
	c.stamp = stamp
	renewed, err := c.load(now)
	if err != nil {
		c.failedAt = now
		if !tried { // whatever is wrong with them is told once
			c.log.Warn("the renewed certificate for webhooks can't be used; the one before stays, and it is tried again every minute", slog.Any("reason", err))
		}
		return c.loaded
	}
	c.loaded, c.failedAt = renewed, time.Time{}
	c.log.Info("the certificate for webhooks was renewed", slog.String("until", renewed.Leaf.NotAfter.Format(time.DateOnly)))
	return c.loaded
}
