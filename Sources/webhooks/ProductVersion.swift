/// The version of the program: of `--version`, of lanes and of the user agent.
enum ProductVersion {
    static let text = "1.0.0"
}
