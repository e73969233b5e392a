//! The web interface as a program that starts when the page loads it.

fn main() {
    headcount_frontend::ui::start();
}
