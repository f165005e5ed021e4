package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/rapt-bridge/rapt-bridge/bridge"
	"github.com/rapt-bridge/rapt-bridge/bridge/web"
	"github.com/rapt-bridge/rapt-bridge/bridge/webhook"
	"github.com/rapt-bridge/rapt-bridge/config"
)

// waitingHooks is how many webhooks may wait for the bridge; more at once are taken and forgotten, since each is but a hint.
const waitingHooks = 64

// hooks starts the listener for webhooks, where one is configured, and hands what they say to the bridge. The channel is
// closed when the listener has stopped.
func (p *program) hooks(ctx context.Context, cfg config.Config, o *bridge.Options) (<-chan struct{}, error) {
	stopped := make(chan struct{})
	w := cfg.Webhook
	if w.Listen == "" {
		close(stopped)
		return stopped, nil
	}
	hints := make(chan []webhook.Hint, waitingHooks)
	options := web.HookOptions{
		Secret: w.Secret.Reveal(), MaxBody: webhook.MaxBody, Log: o.Log,
		Receive: func(body []byte, fields ...map[string][]string) bool {
			found := webhook.Parse(body, fields...)
			if len(found) == 0 {
				return false
			}
			select {
			case hints <- found:
			default:
			}
			return true
		},
	}
	certificate, err := webhookCertificate(cfg, o.Log)
	if err != nil {
		return nil, err
	}
	if certificate != nil {
		options.Certificate = func() *tls.Certificate { return certificate.current(time.Now()) }
	}
	listener, err := p.listen(w.Listen)
	if err != nil {
		return nil, &exitError{exitFailed, fmt.Errorf("webhooks can't be taken: %w; set webhook.listen to another address, or to nothing to turn it off", err)}
	}
	o.Hints = hints
	go func() {
		defer close(stopped)
		if err := web.NewHookServer(options).Serve(ctx, listener); err != nil {
			o.Log.Error("webhooks can't be taken any more; restart the bridge to take them again", slog.Any("reason", err))
		}
	}()
	return stopped, nil
}

// webhookCertificate is the certificate for webhooks; nil where none is needed.
func webhookCertificate(cfg config.Config, log *slog.Logger) (*certificate, error) {
	w := cfg.Webhook
	if w.Listen == "" || w.CertFile == "" {
		return nil, nil
	}
	c, err := newCertificate(w.CertFile, w.KeyFile, log)
	if err != nil {
		return nil, &exitError{exitConfig, fmt.Errorf("webhook.cert_file and webhook.key_file: %w", err)}
	}
	return c, nil
}
