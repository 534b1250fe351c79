-- Reads what is known about some datasets of one pool; changes nothing.
-- In: count; dataset.1 and blank.1 … for every one of them; all. Out: one text, a fact a line, fields
-- separated by tabs.
--
-- Every question to the pool costs, and this runs in every boot. Unless all is "yes" it asks only what
-- a decision needs: holds, clones and bookmarks where snapshots would have to go, what was written
-- where none would.
args = ...

local all = args["all"] == "yes"
local out = {}

local function say(...)
    out[#out + 1] = table.concat({...}, "\t")
end

-- Tags and values may hold anything; a tab or line end in one would forge a fact.
local function clean(value)
    return (string.gsub(tostring(value), "%c", "?"))
end

local function say_property(dataset, name)
    local value = zfs.get_prop(dataset, name)
    if value ~= nil and value ~= "" then
        say(name, clean(value))
    end
end

local function say_snapshot(snapshot, txg, is_newer)
    local guid = zfs.get_prop(snapshot, "guid")
    say("snapshot", snapshot, clean(guid), clean(txg))
    if is_newer or all then
        for tag in zfs.list.holds(snapshot) do
            say("hold", clean(tag))
        end
        for clone in zfs.list.clones(snapshot) do
            say("clone", clone)
        end
    end
end

-- Says all snapshots; returns whether one is newer than the blank. Without a blank none would go.
local function say_snapshots(dataset, blank)
    local txgs = {}
    for snapshot in zfs.list.snapshots(dataset) do
        txgs[snapshot] = zfs.get_prop(snapshot, "createtxg")
    end
    local any_newer = false
    for snapshot, txg in pairs(txgs) do
        local is_newer = txgs[blank] ~= nil and txg > txgs[blank]
        any_newer = any_newer or is_newer
        say_snapshot(snapshot, txg, is_newer)
    end
    return any_newer
end

for i = 1, tonumber(args["count"]) do
    local dataset = args["dataset." .. i]
    say("dataset", dataset)
    if zfs.exists(dataset) then
        say("present", clean(zfs.get_prop(dataset, "type")), clean(zfs.get_prop(dataset, "guid")))
        local any_newer = say_snapshots(dataset, args["blank." .. i])
        if any_newer or all then
            for bookmark in zfs.list.bookmarks(dataset) do
                say("bookmark", bookmark)
            end
        end
        if not any_newer or all then
            say_property(dataset, "written")
        end
        if all then
            say_property(dataset, "origin")
            say_property(dataset, "readonly")
            say_property(dataset, "keystatus")
            for child in zfs.list.children(dataset) do
                say("child", child)
            end
        end
    end
end

return table.concat(out, "\n")
