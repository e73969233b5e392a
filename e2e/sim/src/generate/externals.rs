//! Generates managed databases and external services.

use super::ModelBuilder;
use crate::{
    lifetime::SimulatedLifetime,
    model::{
        ApplicationOrigin, DatabaseMetricsSource, InstanceIndex, MetricsAttribution, SimulatedApplication,
        SimulatedInstance,
    },
    shape::{CloudDatabase, CloudService, OutsideService, VersionLoad},
};

impl ModelBuilder {
    pub(super) fn add_cloud_database(&mut self, plan: &CloudDatabase) {
        let application = self.model.applications.len();
        for instance in 0..plan.instances as usize {
            let by = InstanceIndex { application, instance };
            let export = plan.database.filter(|_| plan.exported);
            self.model.exports.extend(export.map(|database| DatabaseMetricsSource {
                database,
                by,
                found: MetricsAttribution::ByCloudName,
            }));
        }
        let instances = (0..plan.instances).map(|number| {
            let name = match plan.service {
                CloudService::Rds => plan.name.clone(),
                CloudService::RdsCluster => format!("{}-{number}", plan.name),
                CloudService::ElastiCache => format!("{}-{number:04}", plan.name),
            };
            let ip = self.address("10.1");
            self.elsewhere(name, ip, plan.port)
        });
        let instances = instances.collect();
        self.add_outside(&plan.name, ApplicationOrigin::Cloud(plan.clone()), false, instances);
    }

    pub(super) fn add_external(&mut self, plan: &OutsideService) {
        let instances = (0..plan.addresses).map(|number| {
            let ip = self.address("198.18");
            let mut instance = self.elsewhere(format!("{ip}:{}", plan.port), ip, plan.port);
            if plan.balanced {
                instance.reached = Some(format!("{}:{}", self.address("198.19"), 8000 + number));
            }
            if plan.resolved {
                instance.domains.push(plan.name.clone());
                // The second address has an additional name, later in the alphabet.
                instance.domains.extend((number == 1).then(|| format!("zz.{}", plan.name)));
            }
            instance
        });
        let instances = instances.collect();
        self.add_outside(&plan.name, ApplicationOrigin::External, plan.auxiliary, instances);
    }

    fn add_outside(
        &mut self,
        name: &str,
        origin: ApplicationOrigin,
        auxiliary: bool,
        instances: Vec<SimulatedInstance>,
    ) {
        self.add_application(SimulatedApplication {
            namespace: String::new(),
            name: name.to_owned(),
            origin,
            auxiliary,
            cluster: None,
            instances,
            service: None,
        });
    }

    /// An instance that is on no known node.
    fn elsewhere(&self, name: String, ip: String, port: u16) -> SimulatedInstance {
        let lifetime = SimulatedLifetime::since(self.model.begin);
        SimulatedInstance {
            name,
            node: None,
            ip,
            port,
            pod: None,
            containers: Vec::new(),
            lifetime,
            load: VersionLoad::BASELINE,
            domains: Vec::new(),
            reached: None,
        }
    }
}
