//! Lists machine types of clouds with their prices.

/// A machine type of a cloud.
#[derive(Debug, PartialEq)]
pub struct MachineType {
    /// The provider, as agents write it.
    pub provider: &'static str,
    /// The region, as agents write it.
    pub region: &'static str,
    /// The availability zone.
    pub zone: &'static str,
    /// The type of the machine.
    pub instance_type: &'static str,
    /// Logical cores.
    pub cores: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// US dollars per hour, on demand and spot; `None` if the price file does not have it.
    pub price: Option<(f64, f64)>,
}

const GIB: u64 = 1 << 30;

const fn machine(
    [provider, region, zone, instance_type]: [&'static str; 4],
    cores: u32,
    gib: u64,
    price: Option<(f64, f64)>,
) -> MachineType {
    MachineType { provider, region, zone, instance_type, cores, memory_bytes: gib * GIB, price }
}

/// A machine type of Hetzner.
pub static HETZNER: MachineType = machine(["hetzner", "eu-central", "fsn1-dc14", "cpx31"], 4, 8, None);

/// A machine type of OVH.
pub static OVH: MachineType = machine(["ovh", "gra", "gra9", "b2-15"], 4, 15, None);

/// Machine types of clouds with public prices, those of AWS first. One is too new for the price file.
pub static MACHINES: [MachineType; 7] = [
    machine(["aws", "us-east-1", "us-east-1a", "m5.large"], 2, 8, Some((0.096, 0.035))),
    machine(["aws", "us-east-1", "us-east-1b", "c5.xlarge"], 4, 8, Some((0.17, 0.068))),
    machine(["aws", "eu-west-1", "eu-west-1c", "m6i.xlarge"], 4, 16, Some((0.214, 0.085))),
    machine(["aws", "eu-west-1", "eu-west-1a", "z9.future"], 8, 32, None),
    machine(["gcp", "europe-west1", "europe-west1-b", "e2-standard-4"], 4, 16, Some((0.147, 0.05))),
    machine(["gcp", "us-central1", "us-central1-a", "n2-standard-2"], 2, 8, Some((0.097, 0.03))),
    machine(["azure", "westeurope", "2", "Standard_D2s_v3"], 2, 8, Some((0.12, 0.03))),
];

/// Machine types of clouds without public prices, and a bare-metal machine.
pub static UNPRICED: [&MachineType; 6] = [&HETZNER, &OVH, &DIGITALOCEAN, &SCALEWAY, &ALIBABA, &BARE_METAL];

static DIGITALOCEAN: MachineType = machine(["digitalocean", "fra1", "fra1", "s-4vcpu-8gb"], 4, 8, None);
static SCALEWAY: MachineType = machine(["scaleway", "fr-par", "fr-par-2", "DEV1-L"], 4, 8, None);
static ALIBABA: MachineType =
    machine(["alibaba", "eu-central-1", "eu-central-1a", "ecs.g6.large"], 2, 8, None);
static BARE_METAL: MachineType = machine(["", "", "", ""], 16, 64, None);
