-- Reads what is known about some datasets of one pool; changes nothing.
-- In: count, dataset.1 … dataset.<count>. Out: one text, a fact a line, fields separated by tabs.
args = ...

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

local function say_snapshot(snapshot)
    local guid = zfs.get_prop(snapshot, "guid")
    local txg = zfs.get_prop(snapshot, "createtxg")
    say("snapshot", snapshot, clean(guid), clean(txg))
    for tag in zfs.list.holds(snapshot) do
        say("hold", clean(tag))
    end
    for clone in zfs.list.clones(snapshot) do
        say("clone", clone)
    end
end

for i = 1, tonumber(args["count"]) do
    local dataset = args["dataset." .. i]
    say("dataset", dataset)
    if zfs.exists(dataset) then
        say("present", clean(zfs.get_prop(dataset, "type")), clean(zfs.get_prop(dataset, "guid")))
        say_property(dataset, "origin")
        say_property(dataset, "readonly")
        say_property(dataset, "keystatus")
        say_property(dataset, "written")
        for child in zfs.list.children(dataset) do
            say("child", child)
        end
        for bookmark in zfs.list.bookmarks(dataset) do
            say("bookmark", bookmark)
        end
        for snapshot in zfs.list.snapshots(dataset) do
            say_snapshot(snapshot)
        end
    end
end

return table.concat(out, "\n")
