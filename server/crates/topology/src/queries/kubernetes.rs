//! Queries on Kubernetes, which kube-state-metrics exports.

use headcount_prometheus::query::PrometheusQuery;

use super::queries;

queries! {
    /// Nodes, services, pods and their owners.
    KUBERNETES prefers_exported with [];
    KUBE_NODE_INFO = "kube_node_info" => Seen [SystemUuid Node KernelVersion];
    KUBE_SERVICE_INFO = "kube_service_info" => Seen [Namespace Service ClusterIp];
    KUBE_POD_INFO = "kube_pod_info"
        => Seen [Uid Namespace Pod CreatedByName CreatedByKind Node PodIp HostIp];
    KUBE_POD_LABELS = "kube_pod_labels" => Seen [
        Uid
        LabelPostgresOperatorCrunchydataComCluster LabelPostgresOperatorCrunchydataComRole
        LabelClusterName LabelTeam LabelApplication LabelSpiloRole
        LabelK8sEnterprisedbIoCluster LabelCnpgIoCluster LabelStackgresIoClusterName LabelRole
        LabelAppKubernetesIoManagedBy LabelAppKubernetesIoInstance LabelAppKubernetesIoName
        LabelAppKubernetesIoPartOf LabelAppKubernetesIoComponent LabelHelmShChart
    ];
    KUBE_POD_STATUS_PHASE = "kube_pod_status_phase" => Seen [Uid Phase];
    KUBE_POD_STATUS_READY = "kube_pod_status_ready" as "kube_pod_status_ready{condition=\"true\"}" => Now [Uid];
    KUBE_POD_STATUS_SCHEDULED = "kube_pod_status_scheduled"
        as "kube_pod_status_scheduled{condition=\"true\"} > 0" => Now [Uid];
    KUBE_POD_INIT_CONTAINER_INFO = "kube_pod_init_container_info" => Seen [Uid Namespace Pod Container];
    KUBE_POD_CONTAINER_RESOURCE_REQUESTS = "kube_pod_container_resource_requests"
        => Now [Uid Namespace Pod Container Resource];
    KUBE_POD_CONTAINER_STATUS_READY = "kube_pod_container_status_ready" as "kube_pod_container_status_ready > 0"
        => Now [Uid Namespace Pod Container];
    KUBE_POD_CONTAINER_STATUS_WAITING = "kube_pod_container_status_waiting"
        as "kube_pod_container_status_waiting > 0" => Now [Uid Namespace Pod Container];
    KUBE_POD_CONTAINER_STATUS_RUNNING = "kube_pod_container_status_running"
        as "kube_pod_container_status_running > 0" => Now [Uid Namespace Pod Container];
    KUBE_POD_CONTAINER_STATUS_TERMINATED = "kube_pod_container_status_terminated"
        as "kube_pod_container_status_terminated > 0" => Now [Uid Namespace Pod Container];
    KUBE_POD_CONTAINER_STATUS_TERMINATED_REASON = "kube_pod_container_status_terminated_reason"
        as "kube_pod_container_status_terminated_reason > 0" => Now [Uid Namespace Pod Container Reason];
    KUBE_POD_CONTAINER_STATUS_WAITING_REASON = "kube_pod_container_status_waiting_reason"
        as "kube_pod_container_status_waiting_reason > 0" => Now [Uid Namespace Pod Container Reason];
    KUBE_POD_CONTAINER_STATUS_LAST_TERMINATED_REASON = "kube_pod_container_status_last_terminated_reason"
        => Now [Uid Namespace Pod Container Reason];
    KUBE_DEPLOYMENT_SPEC_REPLICAS = "kube_deployment_spec_replicas" => Now [Namespace Deployment];
    KUBE_DAEMONSET_STATUS_DESIRED_NUMBER_SCHEDULED = "kube_daemonset_status_desired_number_scheduled"
        => Now [Namespace Daemonset];
    KUBE_STATEFULSET_REPLICAS = "kube_statefulset_replicas" => Now [Namespace Statefulset];
}
