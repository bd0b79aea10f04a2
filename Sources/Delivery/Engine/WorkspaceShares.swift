import WebhookModel

/// Which workspaces hold slots of this node: none may hold more than half of them. Belongs to the engine's event loop.
struct WorkspaceShares {
    /// Those that hold any, each at its own place.
    private var busy: [WorkspaceSubscriptions] = []

    mutating func take(_ workspace: WorkspaceSubscriptions) {
        if workspace.slots == 0 {
            workspace.shareIndex = busy.count
            busy.append(workspace)
        }
        workspace.slots += 1
    }

    mutating func release(_ workspace: WorkspaceSubscriptions) {
        workspace.slots -= 1
        guard workspace.slots == 0 else { return }
        let last = busy.removeLast()
        guard last !== workspace else { return }
        busy[workspace.shareIndex] = last
        last.shareIndex = workspace.shareIndex
    }

    /// What the next claim must keep to: the workspaces that may have nothing more, and how many tokens may come for all
    /// others together, so that none gets above its share though all of them were its own.
    func limits(of slots: SlotAccount, quantum: Int) -> (full: [WorkspaceName], room: Int) {
        let share = slots.workspaceCapacity
        var full: [WorkspaceName] = []
        var room = share
        // A workspace that is nearly there counts as full, or all others would get a token a call.
        let nearly = min(quantum, max(1, share / 4))
        for workspace in busy {
            let left = share - workspace.slots
            if left < nearly { full.append(workspace.name) } else { room = min(room, left) }
        }
        return (full, room)
    }
}
