//! The program that takes over on the pages of a collector, started when the page loads it.

fn main() {
    headcount_frontend::ui::take_over();
}
