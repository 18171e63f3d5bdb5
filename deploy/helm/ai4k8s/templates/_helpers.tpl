{{/* Names, labels and the parts that all pods share. */}}

{{- define "ai4k8s.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* At most 40 characters, so that the longest suffix still fits a name. */}}
{{- define "ai4k8s.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "ai4k8s.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "ai4k8s.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "ai4k8s.secretPrefix" -}}
{{- default (include "ai4k8s.fullname" .) .Values.secrets.prefix }}
{{- end }}

{{/* ai4k8s.selector (list $ component) */}}
{{- define "ai4k8s.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "ai4k8s.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* ai4k8s.labels (list $ component) */}}
{{- define "ai4k8s.labels" -}}
{{- $root := index . 0 -}}
{{ include "ai4k8s.selector" . }}
app.kubernetes.io/part-of: ai4k8s
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* ai4k8s.image (list $ part) */}}
{{- define "ai4k8s.image" -}}
{{- $image := (index . 0).Values.image -}}
{{- $name := printf "%s-%s:%s" $image.prefix (index . 1) (default (index . 0).Chart.AppVersion $image.tag) -}}
{{- if $image.registry }}{{ printf "%s/%s" (trimSuffix "/" $image.registry) $name }}{{ else }}{{ $name }}{{ end }}
{{- end }}

{{- define "ai4k8s.serviceAccount" -}}
{{ include "ai4k8s.fullname" (index . 0) }}-{{ index . 1 }}
{{- end }}

{{/* ai4k8s.podMetadata (list $ component) */}}
{{- define "ai4k8s.podMetadata" -}}
{{- $root := index . 0 -}}
labels:
  {{- include "ai4k8s.labels" . | nindent 2 }}
  {{- with $root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $root.Values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the 'restricted' Pod Security Standard asks of a pod. */}}
{{- define "ai4k8s.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "ai4k8s.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* ai4k8s.scheduling (list $ component): where pods go, alike for all of them. */}}
{{- define "ai4k8s.scheduling" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* ai4k8s.spread (list $ component): not all replicas on one node or in one zone, as far as possible. */}}
{{- define "ai4k8s.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "ai4k8s.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}

{{/* ai4k8s.env (list $ secretOwner): settings, and where the secrets' files are. */}}
{{- define "ai4k8s.env" -}}
{{- $root := index . 0 -}}
{{- $owner := index . 1 -}}
{{- range $name, $value := $root.Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if ne $owner "migrate" }}
- name: AI4K8S_BROKER_URL_FILE
  value: /etc/ai4k8s/broker-url
- name: AI4K8S_REDIS_URL_FILE
  value: /etc/ai4k8s/redis-url
{{- end }}
{{- if eq $owner "migrate" }}
- name: AI4K8S_DATABASE_URL_FILE
  value: /etc/ai4k8s/database-url
- name: AI4K8S_ROLE_PASSWORDS_FILE
  value: /etc/ai4k8s/role-passwords
{{- else if ne $owner "shared" }}
- name: AI4K8S_DATABASE_URL_FILE
  value: /etc/ai4k8s/database-url
- name: AI4K8S_CREDENTIALS_PUBLIC_KEY_FILE
  value: /etc/ai4k8s/credentials-public-key
{{- end }}
{{- if has $owner (list "collector" "scaler" "chat") }}
- name: AI4K8S_CREDENTIALS_PRIVATE_KEY_FILE
  value: /etc/ai4k8s/credentials-private-key
{{- end }}
{{- if eq $owner "gateway" }}
- name: AI4K8S_PEOPLE_PRIVATE_KEY_FILE
  value: /etc/ai4k8s/private-key
- name: AI4K8S_GATEWAY_MCP_URL
  value: http://{{ include "ai4k8s.fullname" $root }}-chat-mcp:5002/mcp
{{- end }}
{{- if has $owner (list "gateway" "chat") }}
- name: AI4K8S_INTERNAL_KEY_FILE
  value: /etc/ai4k8s/internal-key
{{- end }}
{{- with $root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ai4k8s.mounts" -}}
- name: secrets
  mountPath: /etc/ai4k8s
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- end }}

{{/* ai4k8s.volumes (list $ secretOwner): its own Secret and, but for migrate, the one that all share; the gateway has people's. */}}
{{- define "ai4k8s.volumes" -}}
{{- $prefix := include "ai4k8s.secretPrefix" (index . 0) -}}
{{- $owner := index . 1 -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ $prefix }}-{{ $owner }}
      {{- if not (has $owner (list "migrate" "shared")) }}
      - secret:
          name: {{ $prefix }}-shared
      {{- end }}
      {{- if eq $owner "gateway" }}
      - secret:
          name: {{ $prefix }}-people
      {{- end }}
      {{- if has $owner (list "gateway" "chat") }}
      - secret:
          name: {{ $prefix }}-internal
      {{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- end }}

{{- define "ai4k8s.signProbes" -}}
startupProbe:
  exec:
    command: [ai4k8s-sign, alive]
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 24
livenessProbe:
  exec:
    command: [ai4k8s-sign, alive, "60"]
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  exec:
    command: [ai4k8s-sign, ready]
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}

{{/* ai4k8s.budget (list $ component) */}}
{{- define "ai4k8s.budget" -}}
{{- $root := index . 0 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "ai4k8s.fullname" $root }}-{{ index . 1 }}
  labels:
    {{- include "ai4k8s.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  # A pod that is not ready anyway must not hold up a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "ai4k8s.selector" . | nindent 6 }}
{{- end }}

{{/* The address people use. */}}
{{- define "ai4k8s.publicUrl" -}}
{{- if .Values.gateway.publicUrl -}}
{{ .Values.gateway.publicUrl }}
{{- else if .Values.ingress.enabled -}}
{{ ternary "https" "http" (ne .Values.ingress.tlsSecret "") }}://{{ .Values.ingress.host }}
{{- end }}
{{- end }}

{{/* Names under which the gateway is called: a JSON list. */}}
{{- define "ai4k8s.allowedHosts" -}}
{{- $service := printf "%s-gateway" (include "ai4k8s.fullname" .) -}}
{{- $space := .Release.Namespace -}}
{{- $names := list $service (printf "%s.%s" $service $space) (printf "%s.%s.svc" $service $space) (printf "%s.%s.svc.cluster.local" $service $space) -}}
{{- if .Values.ingress.enabled }}{{ $names = append $names .Values.ingress.host }}{{ end -}}
{{- concat $names .Values.gateway.allowedHosts | uniq | toJson }}
{{- end }}

{{/* What the schema cannot say; included once, so that a mistake ends every command with one sentence. */}}
{{- define "ai4k8s.check" -}}
{{- range $name, $server := dict "postgres" .Values.postgres "valkey" .Values.valkey }}
{{- if and $server.bundled $server.existingSecret }}
{{- fail (printf "%s.existingSecret names a server of yours while %s.bundled is true; set %s.bundled=false" $name $name $name) }}
{{- end }}
{{- if and (not $server.bundled) (not $server.existingSecret) $.Values.secrets.create }}
{{- fail (printf "%s.bundled is false; name the Secret with the URL of yours in %s.existingSecret" $name $name) }}
{{- end }}
{{- end }}
{{- range $name, $worker := .Values.workers }}
{{- if ne $name (printf "%s-%s" $worker.service $worker.queue) }}
{{- fail (printf "workers.%s serves the queue %s.%s; its name must be %s-%s" $name $worker.service $worker.queue $worker.service $worker.queue) }}
{{- end }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- if regexMatch "(PASSWORD|_URL|PRIVATE_KEY|TOKEN|SECRET)" $name }}
{{- if not (has $name (list "AI4K8S_GATEWAY_PUBLIC_URL" "AI4K8S_DEMO_PROMETHEUS_URL")) }}
{{- fail (printf "settings.%s would put a secret in plain sight; secrets come from Secrets" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
