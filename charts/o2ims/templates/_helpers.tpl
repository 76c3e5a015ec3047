{{- define "o2ims.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- end }}

{{- /* Of what is not in a namespace. */}}
{{- define "o2ims.clusterName" -}}{{ .Release.Namespace }}-{{ include "o2ims.fullname" . }}{{- end }}

{{- /* Takes root and component. */}}
{{- define "o2ims.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "o2ims.match" -}}{{ include "o2ims.selector" . | fromYaml | toJson }}{{- end }}

{{- define "o2ims.labels" -}}
{{ include "o2ims.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "o2ims.account" -}}
{{- if .root.Values.serviceAccount.create -}}{{ include "o2ims.fullname" .root }}-{{ .component }}
{{- else -}}{{ get .root.Values.serviceAccount (printf "%sName" .component) }}{{- end -}}
{{- end }}

{{- define "o2ims.apiHost" -}}{{ include "o2ims.fullname" . }}-api.{{ .Release.Namespace }}.svc{{- end }}

{{- define "o2ims.publicUrl" -}}
{{- if .Values.publicUrl -}}{{ .Values.publicUrl }}
{{- else if and .Values.ingress.enabled .Values.ingress.hosts -}}{{ ternary "https" "http" (ne .Values.ingress.tlsSecret "") }}://{{ first .Values.ingress.hosts }}
{{- else -}}http://{{ include "o2ims.apiHost" . }}{{ if ne (int .Values.api.service.port) 80 }}:{{ .Values.api.service.port }}{{ end }}{{- end -}}
{{- end }}

{{- define "o2ims.allowedHosts" -}}
{{- $name := printf "%s-api" (include "o2ims.fullname" .) -}}
{{- $host := include "o2ims.apiHost" . -}}
{{- $own := list $name (printf "%s.%s" $name .Release.Namespace) $host (printf "%s.cluster.local" $host) "localhost" "127.0.0.1" "$(POD_IP)" "[$(POD_IP)]" -}}
{{- concat $own .Values.ingress.hosts .Values.allowedHosts | uniq | join "," -}}
{{- end }}

{{- define "o2ims.image" -}}
{{ .root.Values.image.registry }}{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- /* What every pod of ours has: root, component and its values. */}}
{{- define "o2ims.podSpec" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
enableServiceLinks: false
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: { matchLabels: {{ include "o2ims.match" . }} }
{{- $id := ternary 999 65532 (eq .component "redis") }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $id }}
  runAsGroup: {{ $id }}
  fsGroup: {{ $id }}
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "o2ims.confined" -}}
{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
{{- end }}

{{- define "o2ims.podAnnotations" -}}
{{- /* Without what is secret: an annotation is not. */}}
checksum/settings: {{ omit .root.Values.externalRedis "url" | list .root.Values.config .root.Values.encryptionKey | toJson | sha256sum }}
{{- with .values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Of API and worker. What depends on another stands after it. */}}
{{- define "o2ims.env" -}}
{{- $own := include "o2ims.fullname" . -}}
{{- $external := .Values.externalRedis -}}
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ ternary $own (default $own $external.existingSecret) .Values.redis.enabled }}
      key: {{ ternary $external.key "redis-url" (and (not .Values.redis.enabled) (ne $external.existingSecret "")) }}
{{- if not .Values.redis.enabled }}
{{- with $external.sentinels }}
- { name: REDIS_SENTINELS, value: {{ join "," . | quote }} }
- { name: REDIS_SENTINEL_MASTER, value: {{ $external.sentinelMaster | quote }} }
{{- end }}
{{- with $external.sentinelPasswordKey }}
- name: REDIS_SENTINEL_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $external.existingSecret }}, key: {{ . }} } }
{{- end }}
{{- with $external.clusterNodes }}
- { name: REDIS_CLUSTER_NODES, value: {{ join "," . | quote }} }
{{- end }}
{{- if $external.tls.caSecret }}
- { name: REDIS_TLS_CA_FILE, value: /redis-ca/ca.crt }
{{- end }}
{{- end }}
- name: ENCRYPTION_KEY
  valueFrom:
    secretKeyRef:
      name: {{ default $own .Values.encryptionKey.existingSecret }}
      key: {{ ternary "encryption-key" .Values.encryptionKey.key (eq .Values.encryptionKey.existingSecret "") }}
- { name: PUBLIC_URL, value: {{ include "o2ims.publicUrl" . | quote }} }
{{- if .Values.inCluster.enabled }}
- { name: IN_CLUSTER_OCLOUD, value: {{ .Values.inCluster.name | quote }} }
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "o2ims.volumeMounts" -}}
- { name: data, mountPath: /data }
- { name: tmp, mountPath: /tmp }
{{- if and (not .Values.redis.enabled) .Values.externalRedis.tls.caSecret }}
- { name: redis-ca, mountPath: /redis-ca, readOnly: true }
{{- end }}
{{- end }}

{{- define "o2ims.volumes" -}}
- { name: tmp, emptyDir: {} }
{{- if and (not .Values.redis.enabled) .Values.externalRedis.tls.caSecret }}
- name: redis-ca
  secret:
    secretName: {{ .Values.externalRedis.tls.caSecret }}
    items: [{ key: {{ .Values.externalRedis.tls.caKey }}, path: ca.crt }]
{{- end }}
{{- end }}

{{- /* Takes a quantity of memory. */}}
{{- define "o2ims.bytes" -}}
{{- $text := kindIs "string" . | ternary . (. | int64 | toString) }}
{{- $factors := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 }}
{{- mulf (regexFind "^[0-9.]+" $text | float64) (get $factors (regexFind "[kMGTP]?i?$" $text)) | floor | int64 }}
{{- end }}
