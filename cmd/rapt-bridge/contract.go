package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rapt-bridge/rapt-bridge/raptclient"
	"github.com/rapt-bridge/rapt-bridge/raptclient/contract"
	"github.com/rapt-bridge/rapt-bridge/raptclient/redact"
)

// contractStep is the step of the check that compares the API's description; shownDifferences is how many of them a person
// reads.
const (
	contractStep     = "contract"
	shownDifferences = 100
)

// compare compares what the API says of itself with what this version uses. That there is nothing to compare is no failure.
func (c *checker) compare(cmd *cobra.Command) error {
	cfg, options, err := c.loadAccount(cmd)
	if err != nil {
		return c.fail("configuration", exitConfig, plain(err))
	}
	c.pass("configuration", "account %s", redact.Account(cfg.RAPT.Username))
	account, err := c.account(cmd.Context(), cfg, options)
	if err != nil {
		return c.fail("broker", exitFailed, plain(err))
	}
	defer account.Close()
	if err := within(cmd.Context(), account.Client.SignIn); err != nil {
		return c.fail("sign-in", exitFailed, err)
	}
	c.pass("sign-in", "the RAPT Cloud accepts the API secret")
	var document []byte
	err = within(cmd.Context(), func(ctx context.Context) (err error) {
		document, err = account.Client.Description(ctx)
		return err
	})
	if why := undescribed(err); why != "" {
		c.pass(contractStep, "the API doesn't describe itself (%s), so there is nothing to compare", why)
		return nil
	}
	if err != nil {
		return c.fail(contractStep, exitFailed, err)
	}
	return c.differences(document)
}

// undescribed is why there is no description, in words; empty where there is one, or nobody knows.
func undescribed(err error) string {
	var (
		api  *raptclient.APIError
		body *raptclient.BodyError
	)
	switch {
	case errors.As(err, &api) && slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone}, api.Status):
		return fmt.Sprint(api.Status)
	case errors.As(err, &body) && (body.Problem == raptclient.BodyHTML || body.Problem == raptclient.BodyTooLarge):
		return string(body.Problem)
	}
	return ""
}

// differences tells in what the description differs. It is a failure where this version misses something.
func (c *checker) differences(document []byte) error {
	found, err := contract.Compare(document, raptclient.Uses())
	switch {
	case err != nil:
		c.pass(contractStep, "the API doesn't describe itself (%v), so there is nothing to compare", err)
		return nil
	case len(found) == 0:
		c.pass(contractStep, "the API describes itself as this version knows it: %d endpoints", len(raptclient.Uses()))
		return nil
	}
	c.report.Contract = found
	hurts := slices.ContainsFunc(found, contract.Difference.Hurts)
	if hurts {
		err = c.fail(contractStep, exitFailed, fmt.Errorf("the API has changed in %d places; look for a newer version of rapt-bridge, or report these", len(found)))
	} else {
		c.pass(contractStep, "the API has %d things that this version doesn't know; all that it uses is there", len(found))
	}
	for i, d := range found {
		if i == shownDifferences {
			fmt.Fprintf(c.out, "  and %d more; --json has all\n", len(found)-i)
			break
		}
		fmt.Fprintf(c.out, "  %s\n", d)
	}
	return err
}
