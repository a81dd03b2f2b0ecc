{{/*
A service's Deployment and its disruption budget:
(dict "root" $ "service" "worker" "name" … "channel" … "args" (list …) "values" … "scaled" bool)
*/}}
{{- define "oncepost.deployment" -}}
{{- $root := .root -}}
{{- $name := .name -}}
{{- $path := eq .service "worker" | ternary "workers" .service -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "oncepost.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .service }}
spec:
  {{- if not .scaled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  selector:
    matchLabels: {{- include "oncepost.serviceSelector" . | nindent 6 }}
  # A new one first: it works beside the old one, which then drains.
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  template:
    metadata:
      labels: {{- include "oncepost.podLabels" . | nindent 8 }}
      annotations:
        checksum/settings: {{ include "oncepost.settings" $root | sha256sum }}
        {{- with $root.Values.pods.annotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "oncepost.serviceAccount" $root }}
      # Longer than the longest publish: nobody is cut off in one.
      terminationGracePeriodSeconds: {{ include "oncepost.grace" . }}
      securityContext: {{- include "oncepost.podSecurity" $root | nindent 8 }}
      {{- include "oncepost.placing" $root | nindent 6 }}
      {{- if $root.Values.pods.spread }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          matchLabelKeys: [pod-template-hash]
          labelSelector:
            matchLabels: {{- include "oncepost.serviceSelector" $ | nindent 14 }}
        {{- end }}
      {{- end }}
      containers:
        - name: oncepost
          image: {{ include "oncepost.image" (dict "root" $root "values" .values "path" $path) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: {{ toJson .args }}
          securityContext: {{- include "oncepost.containerSecurity" $root | nindent 12 }}
          env:
            {{- include "oncepost.env" . | nindent 12 }}
            - name: ONCEPOST__HEALTH__LISTEN
              value: 0.0.0.0:8390
            {{- if eq .service "api" }}
            - name: ONCEPOST__API__LISTEN
              value: 0.0.0.0:8380
            {{- if $root.Values.api.existingTokenSecret }}
            - name: ONCEPOST__API__TOKEN_FILE
              value: /run/oncepost/tokens
            {{- end }}
            {{- end }}
          ports:
            - { name: health, containerPort: 8390 }
            {{- if eq .service "api" }}
            - { name: http, containerPort: 8380 }
            {{- end }}
          # Alive is whoever answers at all. No store is asked: if one is away, a restart would not bring it back, and would cost what is under way.
          startupProbe:
            httpGet: { path: /healthz, port: health }
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /healthz, port: health }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          {{- if eq .service "api" }}
          # Not /readyz: with the ledger away, people still need the console, which says so. The port opens when the ledger was reached once, so a
          # broken new version takes nobody's place.
          readinessProbe:
            tcpSocket: { port: http }
            periodSeconds: 5
            timeoutSeconds: 3
          lifecycle:
            preStop:
              sleep: { seconds: {{ $root.Values.api.leaveSeconds }} }
          {{- else }}
          # Nobody calls these pods: not ready only holds up a rollout, until the stores that they need are there.
          readinessProbe:
            httpGet: { path: /readyz, port: health }
            periodSeconds: 10
            # It answers within 2 s that a store does not.
            timeoutSeconds: 5
          {{- end }}
          {{- with .values.resources }}
          resources: {{- include "oncepost.resources" (dict "resources" . "of" (printf "%s.resources" $path)) | nindent 12 }}
          {{- end }}
          volumeMounts:
            {{- include "oncepost.mounts" . | nindent 12 }}
            {{- if and (eq .service "api") $root.Values.api.existingTokenSecret }}
            - name: tokens
              mountPath: /run/oncepost
              readOnly: true
            {{- end }}
      volumes:
        {{- include "oncepost.volumes" . | nindent 8 }}
        {{- if and (eq .service "api") $root.Values.api.existingTokenSecret }}
        - name: tokens
          secret:
            secretName: {{ $root.Values.api.existingTokenSecret }}
            defaultMode: 0440
            items:
              - { key: {{ $root.Values.api.tokenKey }}, path: tokens }
        {{- end }}
{{- if and $root.Values.disruptionBudgets.enabled (or .scaled (gt (int64 .values.replicas) 0)) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels:
    {{- include "oncepost.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .service }}
spec:
  # Not minAvailable: with one replica that would hold up every node's drain for good.
  maxUnavailable: 1
  # Who is not ready because the broker is away holds up no drain either.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "oncepost.serviceSelector" . | nindent 6 }}
{{- end }}
{{- end }}
