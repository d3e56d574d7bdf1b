--- A small producer of TAP for tests in Lua: each test file ends with tap.done().
local tap = {}

local run, failed = 0, 0

function tap.ok(passed, name)
  run = run + 1
  if not passed then failed = failed + 1 end
  print(string.format("%sok %d - %s", passed and "" or "not ", run, name))
  return passed
end

function tap.is(seen, expected, name)
  if not tap.ok(seen == expected, name) then
    print("# seen " .. tostring(seen) .. ", expected " .. tostring(expected))
  end
end

--- |seen - expected| <= tolerance
function tap.near(seen, expected, tolerance, name)
  if not tap.ok(type(seen) == "number" and math.abs(seen - expected) <= tolerance, name) then
    print("# seen " .. tostring(seen) .. ", expected " .. tostring(expected) .. " within " .. tolerance)
  end
end

--- A call that must fail with a message that contains a text (plain); the message's line is checked by `line`.
function tap.fails(f, part, name)
  local fine, message = pcall(f)
  if not tap.ok(not fine and tostring(message):find(part, 1, true), name) then
    print("# " .. (fine and "it did not fail" or "message: " .. tostring(message)) .. "; expected: " .. part)
  end
  return message
end

function tap.done()
  print("1.." .. run)
  if failed > 0 then error(string.format("%d of %d tests failed", failed, run), 0) end
end

return tap
