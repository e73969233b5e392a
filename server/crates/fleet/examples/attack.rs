//! x
use headcount_fleet::{attacker::*, published::PublicationRule};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let targets: usize = a[1].parse().unwrap();
    let per: usize = a[2].parse().unwrap();
    let d = PublicationRule::default();
    for (name, rule) in [
        ("default", d.clone()),
        ("no folding", d.clone().without_folding()),
        ("no noise", d.clone().without_noise()),
        ("fresh weekly 20", d.clone().with_fresh_noise()),
        ("daily", d.clone().released_daily()),
        ("inside db", d.clone().inside_databases()),
        ("sd 10", d.clone().with_noise_sd(10.0)),
        ("sd 25", d.clone().with_noise_sd(25.0)),
        ("sd 2", d.clone().with_noise_sd(2.0)),
        ("first", PublicationRule::as_first_designed()),
    ] {
        if let Some(only) = a.get(3) {
            if !only.split(',').any(|o| o == name) {
                continue;
            }
        }
        for days in [1, 30] {
            for history in [TargetHistory::Stays, TargetHistory::JoinsAndIsDeleted] {
                if days == 1 && history != TargetHistory::Stays {
                    continue;
                }
                let t = std::time::Instant::now();
                let s = attack_publications(&AttackPlan {
                    rule: rule.clone(),
                    fleet: 3000,
                    days,
                    history,
                    targets,
                    targets_of_one_key: per,
                    seed: 1,
                })
                .unwrap();
                println!("{name:16} {days:3} {history:?} {:.1}s", t.elapsed().as_secs_f64());
                for (f, s) in HIDDEN_FIELDS.iter().zip(s) {
                    println!(
                        "    {f:?} {:.1} {:.1} {:+.2}",
                        s.constant_in_percent(),
                        s.attacker_in_percent(),
                        s.gain_in_points()
                    );
                }
            }
        }
    }
}
