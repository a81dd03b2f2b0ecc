{{/* Where the three stores are, each out of its Secret, as a file or as a variable; (dict "root" $ "stores" (list …)). */}}
{{- define "oncepost.storeEnv" -}}
{{- range .stores }}
{{- if eq $.root.Values.stores.as "files" }}
- name: ONCEPOST__{{ upper . }}__URL__FILE
  value: /run/stores/{{ . }}
{{- else }}
- name: ONCEPOST__{{ upper . }}__URL
  valueFrom:
    secretKeyRef: {{- include "oncepost.storeSecret" (dict "root" $.root "store" .) | nindent 6 }}
      key: {{ (get $.root.Values.stores .).key }}
{{- end }}
{{- end }}
{{- end }}

{{- define "oncepost.storeSecret" -}}
{{- $store := get .root.Values.stores .store -}}
name: {{ required (printf "stores.%s.existingSecret: name the Secret that holds its address" .store) $store.existingSecret }}
{{- end }}

{{- define "oncepost.storeMounts" -}}
{{- if eq .Values.stores.as "files" }}
- name: stores
  mountPath: /run/stores
  readOnly: true
{{- end }}
{{- end }}

{{/* The addresses as files; (dict "root" $ "stores" (list …)). */}}
{{- define "oncepost.storeVolumes" -}}
{{- if eq .root.Values.stores.as "files" }}
- name: stores
  projected:
    # Not for everyone: oncepost warns of secrets that all can read.
    defaultMode: 0440
    sources:
      {{- range .stores }}
      - secret:
          {{- include "oncepost.storeSecret" (dict "root" $.root "store" .) | nindent 10 }}
          items:
            - { key: {{ (get $.root.Values.stores .).key }}, path: {{ . }} }
      {{- end }}
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

{{/* What every pod with the settings has in its container and beside it: (dict "root" $ "service" … "channel" …). */}}
{{- define "oncepost.env" -}}
- name: ONCEPOST_CONFIG
  value: /etc/oncepost/oncepost.json
{{- include "oncepost.storeEnv" (dict "root" .root "stores" (list "ledger" "broker" "guard")) }}
{{- include "oncepost.secretEnv" . }}
{{- end }}

{{- define "oncepost.mounts" -}}
- name: settings
  mountPath: /etc/oncepost
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- include "oncepost.storeMounts" .root }}
{{- include "oncepost.secretMounts" . }}
{{- if .root.Values.media.existingClaim }}
- name: media
  mountPath: /var/lib/oncepost/media
{{- end }}
{{- end }}

{{- define "oncepost.volumes" -}}
- name: settings
  configMap:
    name: {{ include "oncepost.fullname" .root }}
- name: tmp
  emptyDir:
    sizeLimit: {{ include "oncepost.spoolSize" .root }}
{{- include "oncepost.storeVolumes" (dict "root" .root "stores" (list "ledger" "broker" "guard")) }}
{{- include "oncepost.secretVolumes" . }}
{{- if .root.Values.media.existingClaim }}
- name: media
  persistentVolumeClaim:
    claimName: {{ .root.Values.media.existingClaim }}
{{- end }}
{{- end }}

{{/* A pod's labels: those that the values give to every pod, beside its own; (dict "root" $ "service" … "channel" …). */}}
{{- define "oncepost.podLabels" -}}
{{- range list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "oncepost/channel" -}}
{{- if hasKey $.root.Values.pods.labels . -}}{{- fail (printf "pods.labels: %s is what the chart tells its pods apart by; choose another label" .) -}}{{- end -}}
{{- end -}}
{{ merge (include "oncepost.serviceSelector" . | fromYaml) .root.Values.pods.labels | toYaml }}
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
