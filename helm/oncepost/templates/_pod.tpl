{{/* Where the three stores are, each out of its Secret; (dict "root" $ "stores" (list …)). */}}
{{- define "oncepost.storeEnv" -}}
{{- range .stores }}
{{- $store := get $.root.Values.stores . }}
- name: ONCEPOST__{{ upper . }}__URL
  valueFrom:
    secretKeyRef:
      name: {{ required (printf "stores.%s.existingSecret: name the Secret that holds its address" .) $store.existingSecret }}
      key: {{ $store.key }}
{{- end }}
{{- end }}

{{/* What a process of this image may do to its node: nothing. */}}
{{- define "oncepost.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "oncepost.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* What every pod with the settings has in its container and beside it. */}}
{{- define "oncepost.env" -}}
- name: ONCEPOST_CONFIG
  value: /etc/oncepost/oncepost.json
{{- include "oncepost.storeEnv" (dict "root" . "stores" (list "ledger" "broker" "guard")) }}
{{- range $name, $from := .Values.secrets.env }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret }}
      key: {{ $from.key }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "oncepost.mounts" -}}
- name: settings
  mountPath: /etc/oncepost
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- range .Values.secrets.files }}
- name: {{ printf "secret-%s" . | trunc 63 | trimSuffix "-" }}
  mountPath: /run/secrets/{{ . }}
  readOnly: true
{{- end }}
{{- if .Values.media.existingClaim }}
- name: media
  mountPath: /var/lib/oncepost/media
{{- end }}
{{- end }}

{{- define "oncepost.volumes" -}}
- name: settings
  configMap:
    name: {{ include "oncepost.fullname" . }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.media.spoolSize }}
{{- range .Values.secrets.files }}
- name: {{ printf "secret-%s" . | trunc 63 | trimSuffix "-" }}
  secret:
    secretName: {{ . }}
    # Not for everyone: oncepost warns of secrets that all can read.
    defaultMode: 0440
{{- end }}
{{- if .Values.media.existingClaim }}
- name: media
  persistentVolumeClaim:
    claimName: {{ .Values.media.existingClaim }}
{{- end }}
{{- end }}

{{/* Where a pod may run, and out of whose registry. */}}
{{- define "oncepost.placing" -}}
automountServiceAccountToken: false
# Variables of services in the namespace could be taken for ours.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.pods.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.pods.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pods.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pods.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
