//! Generates managed databases and external services.

use super::Inventor;
use crate::fleet::{
    life::Life,
    model::{Application, Export, Found, Instance, Origin, Place},
    shape::{CloudDatabase, CloudService, External, Load},
};

impl Inventor {
    pub(super) fn add_cloud_database(&mut self, plan: &CloudDatabase) {
        let application = self.model.applications.len();
        for instance in 0..plan.instances as usize {
            let by = Place { application, instance };
            let export = plan.database.filter(|_| plan.exported);
            self.model.exports.extend(export.map(|database| Export {
                database,
                by,
                found: Found::ByCloudName,
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
        self.add_outside(&plan.name, Origin::Cloud(plan.clone()), false, instances);
    }

    pub(super) fn add_external(&mut self, plan: &External) {
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
        self.add_outside(&plan.name, Origin::External, plan.auxiliary, instances);
    }

    fn add_outside(&mut self, name: &str, origin: Origin, auxiliary: bool, instances: Vec<Instance>) {
        self.add_application(Application {
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
    fn elsewhere(&self, name: String, ip: String, port: u16) -> Instance {
        let life = Life::since(self.model.begin);
        Instance {
            name,
            node: None,
            ip,
            port,
            pod: None,
            containers: Vec::new(),
            life,
            load: Load::USUAL,
            domains: Vec::new(),
            reached: None,
        }
    }
}
