//! The report on storage: free space of volumes and load of their disks.

use headcount_prometheus::results::InternedString;
use headcount_topology::model::{
    ApplicationInstance, InstanceId, ManagedDatabase, MountedVolume, NodeDisk, NodeId,
};

use super::{
    AuditReport, audit_context::last_value, audited_application::AuditedApplication,
    flagged_items::FlaggedItems,
};
use crate::inspections::Inspection;

/// The report on volumes; `None` without a volume.
pub(super) fn report(subject: &AuditedApplication<'_, '_>) -> Option<AuditReport> {
    let (mut load, mut space) =
        (subject.items(Inspection::StorageIOLoad), subject.items(Inspection::StorageSpace));
    let mut has_volumes = false;
    for (id, instance) in subject.instances() {
        let Some(node) = instance.node else { continue };
        for volume in volumes(subject, id, instance) {
            has_volumes = true;
            let Some(disk) = disk(subject, node, volume) else { continue };
            let name = [volume.mount_point, instance.name];
            load.add_above(io_load(subject, disk), name);
            space.add_above(used_percent(volume.used, volume.size), name);
        }
        if let Some(managed) = instance.managed.map(|managed| &subject.world.managed[managed]) {
            has_volumes |= add_managed(&mut space, managed, instance);
        }
    }
    let checks = || vec![load.check("a disk is slow"), space.check("a volume is almost full")];
    has_volumes.then(|| AuditReport::new("Storage", checks()))
}

/// The volumes of an instance. Directories of the node that are mounted into a pod are left out.
fn volumes<'s>(
    subject: &'s AuditedApplication<'_, '_>,
    id: InstanceId,
    instance: &ApplicationInstance,
) -> impl Iterator<Item = &'s MountedVolume> {
    let is_pod = instance.pod.is_some();
    subject.world.volumes.of(id).filter(move |volume| !is_pod || !volume.name.is_empty())
}

/// Adds the volume of a managed database. Returns whether there is one.
fn add_managed(space: &mut FlaggedItems, managed: &ManagedDatabase, instance: &ApplicationInstance) -> bool {
    space.add_above(
        used_percent(managed.volume_used, managed.volume_size),
        [instance.name, InternedString::EMPTY],
    );
    !managed.volume_size.is_nan()
}

fn disk<'s>(
    subject: &'s AuditedApplication<'_, '_>,
    node: NodeId,
    volume: &MountedVolume,
) -> Option<&'s NodeDisk> {
    subject.world.disks.of(node).find(|disk| disk.device == volume.device)
}

/// Seconds per second that processes wait for a disk; NaN if unknown.
fn io_load(subject: &AuditedApplication<'_, '_>, disk: &NodeDisk) -> f32 {
    let tables = &subject.ground.tables;
    let read = last_value(tables.disk_read_time, disk.read_time);
    let write = last_value(tables.disk_write_time, disk.write_time);
    match (read.is_nan(), write.is_nan()) {
        (false, false) => read + write,
        _ => read.max(write),
    }
}

/// The used space in percent; NaN if either value is unknown or 0.
fn used_percent(used: f32, size: f32) -> f32 {
    if used > 0.0 && size > 0.0 { used / size * 100.0 } else { f32::NAN }
}
