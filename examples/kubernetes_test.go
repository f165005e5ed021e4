package examples_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"

	"github.com/rapt-bridge/rapt-bridge/config"
)

// manifests decodes the documents of a manifest into the API's own types; a field that those don't have is an error.
func manifests(t *testing.T, text string) map[string]any {
	t.Helper()
	kinds := map[string]func() any{
		"v1/ServiceAccount": func() any { return new(corev1.ServiceAccount) }, "apps/v1/Deployment": func() any { return new(appsv1.Deployment) },
		"policy/v1/PodDisruptionBudget": func() any { return new(policyv1.PodDisruptionBudget) }, "networking.k8s.io/v1/NetworkPolicy": func() any { return new(networkingv1.NetworkPolicy) },
	}
	out := map[string]any{}
	for document := range strings.SplitSeq(text, "\n---\n") {
		var head struct{ APIVersion, Kind string }
		require.NoError(t, yaml.Unmarshal([]byte(document), &head))
		name := head.APIVersion + "/" + head.Kind
		require.Contains(t, kinds, name)
		into := kinds[name]()
		require.NoError(t, yaml.UnmarshalStrict([]byte(document), into), name)
		out[head.Kind] = into
	}
	return out
}

func TestTheKubernetesExampleIsAPairWithoutRights(t *testing.T) {
	all := manifests(t, read(t, "kubernetes/rapt-bridge.yaml"))
	require.Len(t, all, 4)
	deployment := all["Deployment"].(*appsv1.Deployment)
	assert.EqualValues(t, 2, *deployment.Spec.Replicas)
	assert.Equal(t, deployment.Spec.Selector.MatchLabels, deployment.Spec.Template.Labels)
	pod := deployment.Spec.Template.Spec
	assert.True(t, *pod.SecurityContext.RunAsNonRoot)
	assert.NotZero(t, *pod.SecurityContext.RunAsUser)
	assert.False(t, *pod.AutomountServiceAccountToken)
	assert.False(t, *pod.EnableServiceLinks)
	assert.False(t, *all["ServiceAccount"].(*corev1.ServiceAccount).AutomountServiceAccountToken)
	assert.Equal(t, all["ServiceAccount"].(*corev1.ServiceAccount).Name, pod.ServiceAccountName)

	require.Len(t, pod.Containers, 1)
	c := pod.Containers[0]
	assert.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
	assert.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
	assert.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		require.NotNil(t, probe)
		assert.Equal(t, "/healthz", probe.HTTPGet.Path)
		assert.Equal(t, c.Ports[0].Name, probe.HTTPGet.Port.StrVal)
	}

	assert.LessOrEqual(t, c.LivenessProbe.PeriodSeconds*c.LivenessProbe.FailureThreshold+max(20, c.LivenessProbe.TimeoutSeconds), int32(30), "/healthz is red after 20 s, and 30 are promised")
	assert.GreaterOrEqual(t, c.LivenessProbe.TimeoutSeconds, int32(15), "what is held up for so long is well again by itself")

	secret := pod.Volumes[0].Secret
	assert.Zero(t, *secret.DefaultMode&0o007, "not for everybody")
	assert.Equal(t, pod.Volumes[0].Name, c.VolumeMounts[0].Name)
	for _, e := range c.Env {
		known := false
		for _, k := range config.Keys() {
			known = known || k.Env() == e.Name
			assert.False(t, k.Secret && k.Env() == e.Name, "%s is a secret and belongs into a file", e.Name)
		}
		assert.True(t, known, e.Name)
		if strings.HasSuffix(e.Name, "_FILE") {
			assert.True(t, strings.HasPrefix(e.Value, c.VolumeMounts[0].MountPath+"/"), e.Value)
		}
	}

	policy := all["NetworkPolicy"].(*networkingv1.NetworkPolicy).Spec
	assert.Equal(t, deployment.Spec.Selector.MatchLabels, policy.PodSelector.MatchLabels)
	assert.ElementsMatch(t, []networkingv1.PolicyType{"Ingress", "Egress"}, policy.PolicyTypes)
	assert.Empty(t, policy.Ingress)
	assert.Len(t, policy.Egress, 3)
	assert.EqualValues(t, 1, all["PodDisruptionBudget"].(*policyv1.PodDisruptionBudget).Spec.MinAvailable.IntVal)
}
